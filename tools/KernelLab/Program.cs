using RewardForcing.Native.Cuda;
using RewardForcing.Native.KernelLab;
using RewardForcing.Native.KernelLab.Conformance;

const string UsageText = """
    usage: KernelLab [--kernel STEM] [--arch sm_80|sm_86|sm_89|sm_90a] [--json]
               compiles every variant of every kernel, prints what it takes, and fails where that is over kernels/budget.json
           KernelLab run KERNEL [--case N] [--dtype bf16|f32] [--device a100|h100] [--lines] [--json]
               runs a kernel on the simulated device, checked; counts what it does, and says what bounds it on an H100
           KernelLab project [--json]
               projects frames per second of the 1.3B model on an H100 from such counts
           KernelLab conformance [--device cuda-sim|cuda-sim-checked|cuda:N] [--record] [--forms] [--assemble] [--make]
               runs a case of every PTX instruction form and compares it with its definition; --record keeps what a GPU gives,
               --forms asks whether every form that a kernel uses has a case, --assemble whether NVRTC's assembler takes them all,
               --make writes the cases anew
           --kernels FOLDER   where the kernels are; default: kernels
    """;

try
{
    LabArguments arguments = new(args);
    return arguments.Verb switch
    {
        "table" => TableCommand.Run(arguments),
        "run" => RunCommand.Run(arguments),
        "project" => ProjectCommand.Run(arguments),
        "conformance" => ConformanceCommand.Run(arguments),
        _ => throw new ArgumentException($"KernelLab: there is no verb {arguments.Verb}."),
    };
}
catch (ArgumentException error)
{
    Console.Error.WriteLine(error.Message);
    Console.Error.WriteLine(UsageText);
    return 2;
}
catch (Exception error) when (error is CudaException or FormatException or IOException or NotSupportedException)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}
