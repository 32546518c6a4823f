using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>The threads of one generation: one makes latents, one decodes them, or one does both in turn. The frames are the same.</summary>
/// <remarks>Whoever fails first stops the other; its exception is the one that is thrown.</remarks>
internal sealed class GenerationRun(Device device, LatentMaker maker, FrameDecoder decoder, ChannelWriter<VideoChunk> output, CancellationTokenSource stop)
{
    private Exception? _failure;
    private int _unfinished;

    /// <summary>Starts the threads.</summary>
    /// <param name="overlaps">Whether there are two.</param>
    /// <returns>Ends when the threads have; never fails.</returns>
    public async Task Run(bool overlaps)
    {
        try
        {
            if (overlaps)
            {
                Channel<FinishedBlock> finished = Channel.CreateBounded<FinishedBlock>(new BoundedChannelOptions(1) { SingleReader = true, SingleWriter = true });
                await Task.WhenAll(Start(() => Make(finished.Writer)), Start(() => DecodeAll(finished.Reader))).ConfigureAwait(false);
            }
            else
            {
                await Start(() => maker.Run(block => decoder.Decode(block, Emit, stop.Token), stop.Token)).ConfigureAwait(false);
            }
        }
        finally
        {
            output.TryComplete();
        }
    }

    /// <summary>Throws what went wrong, if something did.</summary>
    /// <param name="cancellation">The caller's token; a generation it stopped half way ends as cancelled.</param>
    public void ThrowIfFailed(CancellationToken cancellation)
    {
        if (_failure is not null)
        {
            ExceptionDispatchInfo.Throw(_failure);
        }

        if (Volatile.Read(ref _unfinished) > 0)
        {
            cancellation.ThrowIfCancellationRequested();
        }
    }

    private static void Write<T>(ChannelWriter<T> writer, T item, CancellationToken cancellation)
    {
        if (!writer.TryWrite(item))
        {
            writer.WriteAsync(item, cancellation).AsTask().GetAwaiter().GetResult();
        }
    }

    private void Make(ChannelWriter<FinishedBlock> finished)
    {
        try
        {
            maker.Run(block => Write(finished, block, stop.Token), stop.Token);
        }
        finally
        {
            finished.TryComplete();
        }
    }

    private void DecodeAll(ChannelReader<FinishedBlock> finished)
    {
        // Where the device has queues, decoding runs beside the denoising of the next block.
        using IDisposable queue = device.OpenQueue();
        while (finished.WaitToReadAsync(stop.Token).AsTask().GetAwaiter().GetResult())
        {
            while (finished.TryRead(out FinishedBlock? block))
            {
                decoder.Decode(block, Emit, stop.Token);
            }
        }
    }

    private void Emit(VideoChunk chunk) => Write(output, chunk, stop.Token);

    // Threads of their own: they compute for minutes and block on each other.
    private Task Start(Action body)
    {
        Interlocked.Increment(ref _unfinished);
        return Task.Factory.StartNew(() => Guard(body), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private void Guard(Action body)
    {
        try
        {
            body();
            Interlocked.Decrement(ref _unfinished);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stopped by the caller or by the other thread, which has something to say.
        }
        catch (Exception error)
        {
            Interlocked.CompareExchange(ref _failure, error, null);
            stop.Cancel();
        }
    }
}
