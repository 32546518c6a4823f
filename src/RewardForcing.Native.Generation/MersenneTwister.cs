namespace RewardForcing.Native.Generation;

/// <summary>MT19937, the engine of PyTorch's CPU generator.</summary>
/// <remarks>Matsumoto and Nishimura 1998.</remarks>
internal sealed class MersenneTwister
{
    private const int Size = 624;
    private const int Shift = 397;

    private readonly uint[] _state = new uint[Size];
    private int _next = Size;

    public MersenneTwister(uint seed)
    {
        _state[0] = seed;
        for (uint i = 1; i < Size; i++)
        {
            uint previous = _state[i - 1];
            _state[i] = unchecked((1812433253u * (previous ^ (previous >> 30))) + i);
        }
    }

    public uint Next()
    {
        if (_next == Size)
        {
            Renew();
        }

        uint y = _state[_next++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9D2C5680;
        y ^= (y << 15) & 0xEFC60000;
        return y ^ (y >> 18);
    }

    private void Renew()
    {
        for (int i = 0; i < Size; i++)
        {
            uint mixed = (_state[i] & 0x80000000) | (_state[(i + 1) % Size] & 0x7FFFFFFF);
            uint twisted = (mixed >> 1) ^ ((mixed & 1) == 0 ? 0 : 0x9908B0DF);
            _state[i] = _state[(i + Shift) % Size] ^ twisted;
        }

        _next = 0;
    }
}
