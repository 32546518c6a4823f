namespace RewardForcing.Native.CudaSim.Ptx;

/// <summary>Names declared between two braces. Blocks of inline assembly repeat their names at every use, so names are looked up from the inside out.</summary>
internal sealed class PtxScope(PtxScope? parent)
{
    private readonly Dictionary<string, PtxRegister> _registers = [];
    private readonly Dictionary<string, PtxVariable> _variables = [];
    private readonly Dictionary<string, PtxLabel> _labels = [];

    public PtxScope? Parent => parent;

    /// <summary>Where <c>ret</c> goes: behind the call of a function, or null in the kernel itself.</summary>
    public PtxLabel? Return { get; init; } = parent?.Return;

    /// <summary>Calls around this scope.</summary>
    public int Depth { get; init; } = parent?.Depth ?? 0;

    public void Declare(PtxRegister register) => _registers[register.Name] = register;

    public void Declare(string name, PtxVariable variable) => _variables[name] = variable;

    public void Declare(PtxLabel label) => _labels[label.Name] = label;

    public PtxRegister? FindRegister(string name) => _registers.GetValueOrDefault(name) ?? parent?.FindRegister(name);

    public PtxVariable? FindVariable(string name) => _variables.GetValueOrDefault(name) ?? parent?.FindVariable(name);

    public PtxLabel? FindLabel(string name) => _labels.GetValueOrDefault(name) ?? parent?.FindLabel(name);

    public bool HasLabel(string name) => _labels.ContainsKey(name);
}
