using System.Diagnostics;

namespace RewardForcing.Native.Generation;

/// <summary>Collects the times of a generation from both of its threads.</summary>
internal sealed class GenerationClock(int samples)
{
    private readonly Lock _gate = new();
    private readonly List<BlockReport> _blocks = [];
    private readonly long _start = Stopwatch.GetTimestamp();
    private double _firstFrame;
    private double _end;

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

    public static double SecondsSince(long timestamp) => Stopwatch.GetElapsedTime(timestamp).TotalSeconds;

    public void Denoised(int block, int latentFrames, double seconds) =>
        Change(block, old => old with { LatentFrames = old.LatentFrames + latentFrames, DenoiseSeconds = old.DenoiseSeconds + seconds });

    public void Remembered(int block, double seconds) =>
        Change(block, old => old with { CachePassSeconds = old.CachePassSeconds + seconds });

    public void Decoded(int block, int frames, double seconds)
    {
        Change(block, old => old with { Frames = old.Frames + frames, DecodeSeconds = old.DecodeSeconds + seconds });
        lock (_gate)
        {
            _end = Elapsed.TotalSeconds;
            _firstFrame = _firstFrame > 0 ? _firstFrame : _end;
        }
    }

    public GenerationReport Report(long peakDeviceBytes)
    {
        using Process process = Process.GetCurrentProcess();
        lock (_gate)
        {
            return new GenerationReport
            {
                Blocks = [.. _blocks],
                Samples = samples,
                GenerationSeconds = _end > 0 ? _end : Elapsed.TotalSeconds,
                FirstFrameSeconds = _firstFrame,
                PeakDeviceBytes = peakDeviceBytes,
                PeakProcessBytes = process.PeakWorkingSet64,
            };
        }
    }

    // Blocks come in order, so the one that changes is one of the last few.
    private void Change(int block, Func<BlockReport, BlockReport> change)
    {
        lock (_gate)
        {
            int at = _blocks.FindLastIndex(report => report.Block == block);
            if (at < 0)
            {
                _blocks.Add(change(new BlockReport(block, 0, 0, 0, 0, 0)));
            }
            else
            {
                _blocks[at] = change(_blocks[at]);
            }
        }
    }
}
