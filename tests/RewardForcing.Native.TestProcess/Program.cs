using RewardForcing.Native.TestProcess;

// A process of its own for tests that need one: a stand-in for ffmpeg, a writer that is to be killed or has too little room, op cases under
// other SIMD settings, kernels on the simulated device likewise, or one of several that compile kernels at once.
return args switch
{
    ["ffmpeg", string log, string encoders, string behaviour, .. string[] arguments] => FakeFfmpeg.Run(log, encoders, behaviour, arguments),
    ["once", string kind, string path, .. string[] ffmpeg] => OneWriter.Run(kind, path, ffmpeg.FirstOrDefault()),
    ["write", "Whole", string path] => EndlessWriter.RunWhole(path),
    ["write", string format, string path, .. string[] ffmpeg] => EndlessWriter.Run(format, path, ffmpeg.FirstOrDefault()),
    ["cases", string device] => CaseRun.Run(device),
    ["bits"] => KernelBits.Run(),
    ["kernels", string folder, string cache] => KernelUser.Run(folder, cache),
    _ => 2,
};
