using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>Takes the modifiers of an instruction one by one; whatever nobody took is not known, and the module is refused.</summary>
internal sealed class Modifiers(PtxInstruction instruction)
{
    private readonly List<string> _left = [.. instruction.Modifiers];

    /// <summary>Modifiers nobody took yet.</summary>
    public IReadOnlyList<string> Left => _left;

    /// <summary>Takes a modifier if it is there.</summary>
    public bool Take(string name) => _left.Remove(name);

    /// <summary>Takes one of several, or returns null.</summary>
    public string? OneOf(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (_left.Remove(name))
            {
                return name;
            }
        }

        return null;
    }

    /// <summary>Takes the last type.</summary>
    public PtxType Type()
    {
        for (int i = _left.Count - 1; i >= 0; i--)
        {
            if (PtxType.TryParse(_left[i], out PtxType type))
            {
                _left.RemoveAt(i);
                return type;
            }
        }

        throw new UnknownFormException("its type is missing");
    }

    /// <summary>Takes a modifier that satisfies a condition, or returns null.</summary>
    public string? First(Func<string, bool> condition)
    {
        int at = _left.FindIndex(name => condition(name));
        if (at < 0)
        {
            return null;
        }

        string found = _left[at];
        _left.RemoveAt(at);
        return found;
    }

    /// <summary>Refuses what nobody took.</summary>
    public void Done()
    {
        if (_left.Count > 0)
        {
            throw new UnknownFormException($"modifier '.{_left[0]}' is not known here");
        }
    }
}
