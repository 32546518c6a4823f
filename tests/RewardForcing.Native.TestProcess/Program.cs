using RewardForcing.Native.TestProcess;

// A process of its own for tests that need one: a stand-in for ffmpeg, or a writer that is to be killed or has too little room.
return args switch
{
    ["ffmpeg", string log, string encoders, string behaviour, .. string[] arguments] => FakeFfmpeg.Run(log, encoders, behaviour, arguments),
    ["once", string kind, string path, .. string[] ffmpeg] => OneWriter.Run(kind, path, ffmpeg.FirstOrDefault()),
    ["write", "Whole", string path] => EndlessWriter.RunWhole(path),
    ["write", string format, string path, .. string[] ffmpeg] => EndlessWriter.Run(format, path, ffmpeg.FirstOrDefault()),
    _ => 2,
};
