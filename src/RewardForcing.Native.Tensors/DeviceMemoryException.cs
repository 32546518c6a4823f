namespace RewardForcing.Native.Tensors;

/// <summary>A device has no memory left for a tensor.</summary>
public sealed class DeviceMemoryException : Exception
{
    /// <summary>Creates the error from the numbers a user needs to act on it.</summary>
    /// <param name="device">Name of the device.</param>
    /// <param name="asked">Bytes asked for.</param>
    /// <param name="live">Bytes in use.</param>
    /// <param name="peak">Largest use so far, in bytes.</param>
    /// <param name="owners">The largest owners and their bytes, where they are known.</param>
    public DeviceMemoryException(string device, long asked, long live, long peak, string? owners = null)
        : base($"{device}: asked for {asked:N0} bytes while {live:N0} are in use (peak {peak:N0}{(owners is null ? string.Empty : $"; largest: {owners}")}); "
            + "use a smaller size or fewer frames per block.")
    {
        (Asked, Live, Peak) = (asked, live, peak);
    }

    private DeviceMemoryException(string message, long asked)
        : base(message) => Asked = asked;

    /// <summary>Bytes asked for.</summary>
    public long Asked { get; }

    /// <summary>Bytes in use when the request failed.</summary>
    public long Live { get; }

    /// <summary>Largest use before the request failed.</summary>
    public long Peak { get; }

    /// <summary>The error of work that is refused before it asks for memory.</summary>
    /// <param name="message">One sentence: what is needed, what is there, what would fit.</param>
    /// <param name="needed">Bytes that would be needed.</param>
    public static DeviceMemoryException Refusal(string message, long needed) => new(message, needed);
}
