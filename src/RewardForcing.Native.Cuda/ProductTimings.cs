using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace RewardForcing.Native.Cuda;

/// <summary>Keeps which algorithm was fastest for which product, one small file each: processes may share the folder, and a file appears whole or not at all.</summary>
/// <remarks>A folder that cannot be written costs time only; a file that does not hold what it should is measured again.</remarks>
/// <param name="folder">Where; made when first needed.</param>
public sealed class ProductTimings(string folder)
{
    private readonly ConcurrentDictionary<string, int> _known = new(StringComparer.Ordinal);

    /// <summary>The number kept for a key; null if there is none.</summary>
    public int? Find(string key)
    {
        if (_known.TryGetValue(key, out int number))
        {
            return number;
        }

        try
        {
            // The key stands in the file too: a name is a hash, and a hash is no proof.
            string[] lines = File.ReadAllLines(PathOf(key));
            return lines.Length == 2 && lines[0] == key && int.TryParse(lines[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number) ? _known.GetOrAdd(key, number) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Keeps a number.</summary>
    public void Keep(string key, int number)
    {
        _known[key] = number;
        CacheFile.TryWrite(PathOf(key), stream => stream.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{key}\n{number}\n"))));
    }

    private string PathOf(string key) => Path.Combine(folder, $"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))[..32]}.product");
}
