namespace RewardForcing.Native.Formats;

/// <summary>One stored entry of a zip.</summary>
/// <param name="Name">Full name with forward slashes.</param>
/// <param name="Start">First byte of its local header.</param>
/// <param name="Offset">First byte of its content; the content is not compressed.</param>
/// <param name="Length">Bytes of its content.</param>
/// <param name="Checksum">CRC-32 of its content, as claimed.</param>
internal sealed record ZipRecord(string Name, long Start, long Offset, long Length, uint Checksum);
