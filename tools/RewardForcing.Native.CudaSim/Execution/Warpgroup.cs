namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>Four warps that form products together: what they have started, so that all start the same.</summary>
internal sealed class Warpgroup
{
    private const int KeptProducts = 32;

    private readonly List<int> _started = [];
    private readonly (int Number, float[]? Factor)[] _kept = new (int, float[]?)[KeptProducts];

    /// <summary>Warps of a warpgroup.</summary>
    public const int Warps = 4;

    /// <summary>The right factor of a product, decoded for the lanes, if one of the group's warps has left it here.</summary>
    public float[]? Kept(int number) => _kept[number % KeptProducts] is { Factor: not null } kept && kept.Number == number ? kept.Factor : null;

    /// <summary>A place to keep a right factor: that of an older product, or empty.</summary>
    public float[] Older(int number) => _kept[number % KeptProducts].Factor ?? [];

    /// <summary>Keeps the right factor of a product for the other warps.</summary>
    public void Keep(int number, float[] factor) => _kept[number % KeptProducts] = (number, factor);

    /// <summary>A warp starts its next product; false, with the other one, if another warp of the group started a different one in its place.</summary>
    public bool Start(int number, int instruction, out int other)
    {
        if (number == _started.Count)
        {
            _started.Add(instruction);
        }

        other = _started[number];
        return other == instruction;
    }

    /// <summary>Makes it new.</summary>
    public void Reset()
    {
        _started.Clear();
        for (int i = 0; i < KeptProducts; i++)
        {
            _kept[i].Number = -1;
        }
    }
}
