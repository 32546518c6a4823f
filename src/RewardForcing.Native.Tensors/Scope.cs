namespace RewardForcing.Native.Tensors;

/// <summary>Owns the tensors made while it is the innermost scope of its pass. Opened by <see cref="Pass.BeginScope"/>.</summary>
/// <remarks>A <c>ref struct</c>, so it can be neither stored nor captured; scopes end in the reverse order of their beginning.</remarks>
public readonly ref struct Scope
{
    private readonly Pass _pass;
    private readonly int _depth;

    internal Scope(Pass pass, int depth)
    {
        _pass = pass;
        _depth = depth;
    }

    /// <summary>Hands a tensor to the enclosing scope so that it outlives this one.</summary>
    /// <returns>The same tensor.</returns>
    public Tensor Keep(Tensor tensor) => _pass.KeepFrom(_depth, tensor);

    /// <summary>Releases what is still owned.</summary>
    public void Dispose() => _pass?.EndScope(_depth);
}
