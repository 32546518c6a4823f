using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Cuda;

public sealed unsafe partial class CudaDevice
{
    internal override IRecordedWork? Record(Func<OwnedTensor[]> run, out OwnedTensor[] outputs)
    {
        Enter();
        RefuseWhileCapturing("capture another one");
        CudaQueue queue = Current;
        int shared = queue.Number;
        int own;
        lock (_queueGate)
        {
            own = _queueNumbers++;
        }

        outputs = [];
        nint executable = 0;
        queue.Number = own;
        try
        {
            // Once as it comes: kernels are loaded, and the pool gets every block that the second time will find.
            Array.ForEach(run(), static output => output.Dispose());
            outputs = Capture(queue, run, out executable);
            Require(_driver.LaunchGraph(executable, queue.Stream), "cuGraphLaunch", $"Running a captured pass on {Name}.");
            return new CudaGraph(this, _driver, executable, Withhold(own));
        }
        catch
        {
            Array.ForEach(outputs, static output => output.Dispose());
            if (executable != 0)
            {
                _driver.DestroyExecutableGraph(executable);
            }

            MoveBlocks(own, shared);
            throw;
        }
        finally
        {
            queue.Number = shared;
        }
    }

    private OwnedTensor[] Capture(CudaQueue queue, Func<OwnedTensor[]> run, out nint executable)
    {
        executable = 0;
        Require(_driver.BeginCapture(queue.Stream), "cuStreamBeginCapture", $"Capturing a pass on {Name}.");
        queue.IsCapturing = true;
        OwnedTensor[] outputs = [];
        nint graph = 0;
        try
        {
            outputs = run();
            queue.IsCapturing = false;
            Require(_driver.EndCapture(queue.Stream, out graph), "cuStreamEndCapture", $"Capturing a pass on {Name}.");
            Require(_driver.InstantiateGraph(graph, out executable), "cuGraphInstantiateWithFlags", $"Capturing a pass on {Name}.");
            return outputs;
        }
        catch
        {
            if (queue.IsCapturing)
            {
                queue.IsCapturing = false;
                _driver.EndCapture(queue.Stream, out graph);
            }

            Array.ForEach(outputs, static output => output.Dispose());
            throw;
        }
        finally
        {
            if (graph != 0)
            {
                _driver.DestroyGraph(graph);
            }
        }
    }

    private sealed class CudaGraph(CudaDevice device, CudaDriver driver, nint executable, IReadOnlyList<(nint Block, long Size)> held) : IRecordedWork
    {
        public void Replay()
        {
            device.Enter();
            device.RefuseWhileCapturing("replay a captured pass");
            device.Require(driver.LaunchGraph(executable, device.Current.Stream), "cuGraphLaunch", $"Running a captured pass on {device.Name}.");
        }

        public void Dispose()
        {
            if (!device._isClosed)
            {
                driver.SetCurrentContext(device._context);
                driver.DestroyExecutableGraph(executable);
            }

            device.Release(held);
        }
    }
}
