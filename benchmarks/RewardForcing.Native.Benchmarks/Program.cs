using RewardForcing.Native.Benchmarks;

return args switch
{
    ["checkpoint", ..] => CheckpointBenchmark.Run(args.AsSpan(1)),
    _ => 0,
};
