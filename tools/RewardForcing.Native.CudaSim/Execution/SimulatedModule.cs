using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>A loaded module: its variables have addresses, its kernels are lowered.</summary>
public sealed class SimulatedModule : IDisposable
{
    private readonly DeviceMemory _memory;
    private readonly SimulationOptions _options;
    private readonly Dictionary<string, KernelProgram> _programs = [];
    private readonly Dictionary<PtxVariable, ulong> _addresses = [];

    /// <summary>Loads PTX.</summary>
    /// <param name="name">Name for messages, such as the source file's.</param>
    /// <param name="ptx">The text.</param>
    /// <param name="memory">Where its variables go and its kernels work.</param>
    /// <param name="options">How its kernels are run.</param>
    /// <exception cref="PtxException">The text is malformed or holds an instruction that is not executed.</exception>
    public SimulatedModule(string name, string ptx, DeviceMemory memory, SimulationOptions options)
    {
        (_memory, _options) = (memory, options);
        Ptx = PtxModule.Parse(name, ptx);
        try
        {
            foreach (PtxVariable variable in Ptx.Variables.Values.Where(variable => variable.Space is PtxSpace.Global or PtxSpace.Constant))
            {
                _addresses[variable] = memory.Allocate((ulong)variable.Bytes, variable.Name);
            }

            foreach (PtxVariable variable in _addresses.Keys)
            {
                memory.Write<byte>(_addresses[variable], Initial(variable));
            }

            foreach (PtxKernel kernel in Ptx.Kernels.Values)
            {
                _programs[kernel.Name] = Lowering.Lower(Ptx, kernel, options.Perturb, variable => _addresses[variable]);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The parsed text.</summary>
    public PtxModule Ptx { get; }

    /// <summary>Address and size of a variable, or null if there is none of that name.</summary>
    public (ulong Address, ulong Bytes)? FindVariable(string name) =>
        Ptx.Variables.TryGetValue(name, out PtxVariable? variable) && _addresses.TryGetValue(variable, out ulong address) ? (address, (ulong)variable.Bytes) : null;

    /// <summary>Bytes of static shared memory of a kernel.</summary>
    public int StaticSharedBytes(string kernel) => _programs[kernel].SharedBytes;

    /// <summary>Bytes of a thread's own memory in a kernel.</summary>
    public int LocalBytes(string kernel) => _programs[kernel].LocalBytes;

    /// <summary>Registers a thread of a kernel takes, where no machine code tells: the columns of its values, but no more than its launch bounds leave.</summary>
    public int EstimateRegisters(string kernel)
    {
        KernelProgram program = _programs[kernel];
        int bound = program.Kernel.MaxThreads > 0 ? program.Kernel.MaxThreads : 1024;
        return Math.Clamp(program.RegisterBytes / (4 * Lanes.Count), 16, Math.Min(255, 65536 / bound / 8 * 8));
    }

    /// <summary>Runs a kernel to its end.</summary>
    /// <param name="kernel">Its name.</param>
    /// <param name="shape">Threads and shared memory.</param>
    /// <param name="arguments">Byte image of its arguments.</param>
    /// <returns>Counts, and what checks found.</returns>
    /// <exception cref="DeviceFault">The kernel cannot go on.</exception>
    public LaunchReport Launch(string kernel, in LaunchShape shape, ReadOnlySpan<byte> arguments)
    {
        KernelProgram program = _programs[kernel];
        if (arguments.Length != program.Kernel.ParameterBytes)
        {
            throw new ArgumentException($"{kernel} takes {program.Kernel.ParameterBytes} bytes of arguments, got {arguments.Length}.", nameof(arguments));
        }

        return GridRunner.Run(new Grid
        {
            Program = program,
            Shape = shape,
            Arguments = arguments.ToArray(),
            Memory = _memory,
            Options = _options,
            Serial = _memory.NextLaunch(),
        });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (KernelProgram program in _programs.Values)
        {
            program.Dispose();
        }

        foreach (ulong address in _addresses.Values)
        {
            _memory.Free(address);
        }

        _programs.Clear();
        _addresses.Clear();
    }

    private byte[] Initial(PtxVariable variable)
    {
        var bytes = new byte[variable.Bytes];
        variable.Initial?.CopyTo(bytes, 0);
        foreach (PtxReference reference in variable.References)
        {
            PtxVariable target = Ptx.Variables.GetValueOrDefault(reference.Symbol)
                ?? throw new PtxException($"{Ptx.Name}: variable {variable.Name} holds the address of {reference.Symbol}, which is not declared.");
            BitConverter.TryWriteBytes(bytes.AsSpan(reference.Offset), _addresses[target] + (ulong)reference.Addend);
        }

        return bytes;
    }
}
