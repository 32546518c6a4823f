using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Cuda;

public sealed unsafe partial class CudaDevice
{
    /// <inheritdoc/>
    public override bool CanReplay => _watch is null;

    internal override IRecordedWork BeginRecording()
    {
        lock (_queueGate)
        {
            return new CudaGraph(this, _driver, _queueNumbers++);
        }
    }

    /// <summary>A graph, with the blocks its work uses. They stay out of the pool, since a replay writes to them whoever has them.</summary>
    private sealed class CudaGraph(CudaDevice device, CudaDriver driver, int blocks) : IRecordedWork
    {
        private IReadOnlyList<(nint Block, long Size)> _held = [];
        private nint _executable;
        private bool _hasRun;

        public bool CanReplay => _executable != 0;

        public OwnedTensor[] Run(Func<OwnedTensor[]> body)
        {
            device.Enter();
            device.RefuseWhileCapturing("run another captured pass");
            CudaQueue queue = device.Current;
            int shared = queue.Number;
            queue.Number = blocks;
            device.Release(_held);
            _held = [];
            try
            {
                // The first run loads the kernels, and leaves every block that the second will ask for.
                OwnedTensor[] outputs = _hasRun ? Record(queue, body) : body();
                _hasRun = true;
                return outputs;
            }
            finally
            {
                _held = device.Withhold(blocks);
                queue.Number = shared;
            }
        }

        public void Replay()
        {
            device.Enter();
            device.RefuseWhileCapturing("replay a captured pass");
            Launch(device.Current);
        }

        public void Dispose()
        {
            if (_executable != 0 && !device._isClosed)
            {
                driver.SetCurrentContext(device._context);
                driver.DestroyExecutableGraph(_executable);
            }

            _executable = 0;
            device.Release(_held);
            _held = [];
        }

        private OwnedTensor[] Record(CudaQueue queue, Func<OwnedTensor[]> body)
        {
            OwnedTensor[] outputs = [];
            try
            {
                nint graph = Capture(queue, () => outputs = body());
                try
                {
                    device.Require(driver.InstantiateGraph(graph, out _executable), "cuGraphInstantiateWithFlags", $"Capturing a pass on {device.Name}.");
                }
                finally
                {
                    driver.DestroyGraph(graph);
                }

                Launch(queue);
                return outputs;
            }
            catch
            {
                Array.ForEach(outputs, static output => output.Dispose());
                throw;
            }
        }

        private nint Capture(CudaQueue queue, Action body)
        {
            device.Require(driver.BeginCapture(queue.Stream), "cuStreamBeginCapture", $"Capturing a pass on {device.Name}.");
            queue.IsCapturing = true;
            try
            {
                body();
            }
            catch
            {
                queue.IsCapturing = false;
                if (driver.EndCapture(queue.Stream, out nint broken) == CuResult.Success)
                {
                    driver.DestroyGraph(broken);
                }

                throw;
            }

            queue.IsCapturing = false;
            device.Require(driver.EndCapture(queue.Stream, out nint graph), "cuStreamEndCapture", $"Capturing a pass on {device.Name}.");
            return graph;
        }

        private void Launch(CudaQueue queue) =>
            device.Require(driver.LaunchGraph(_executable, queue.Stream), "cuGraphLaunch", $"Running a captured pass on {device.Name}.");
    }
}
