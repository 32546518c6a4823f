using RewardForcing.Native.Benchmarks;

try
{
    switch (args)
    {
        case ["checkpoint", ..]:
            return CheckpointBenchmark.Run(args.AsSpan(1));
        case ["cuda", ..]:
            return CudaBenchmark.Run(args[1..]);
        case ["quick", ..]:
            QuickBenchmark.Run(BenchOptions.Parse(args.AsSpan(1)));
            return 0;
        case ["help" or "--help" or "-h"]:
            Console.WriteLine(BenchOptions.Usage);
            return 0;
        default:
            return FullBenchmark.Run(BenchOptions.Parse(args));
    }
}
catch (NotSupportedException error)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}
catch (ArgumentException error)
{
    Console.Error.WriteLine(error.Message);
    Console.Error.WriteLine(BenchOptions.Usage);
    return 2;
}
