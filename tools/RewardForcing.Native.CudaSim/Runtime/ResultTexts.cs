using RewardForcing.Native.Cuda;

namespace RewardForcing.Native.CudaSim.Runtime;

/// <summary>What statuses mean, as the simulated driver says it.</summary>
internal static class ResultTexts
{
    /// <summary>The meaning of a status, or null if it is none.</summary>
    public static string? Of(CuResult result) => result switch
    {
        CuResult.Success => "no error",
        CuResult.InvalidValue => "invalid argument",
        CuResult.OutOfMemory => "out of memory",
        CuResult.NotInitialized => "initialization error",
        CuResult.NoDevice => "no CUDA-capable device is detected",
        CuResult.InvalidDevice => "invalid device ordinal",
        CuResult.InvalidContext => "invalid device context",
        CuResult.InvalidImage => "device kernel image is invalid",
        CuResult.NoBinaryForGpu => "no kernel image is available for execution on the device",
        CuResult.InvalidPtx => "a PTX JIT compilation failed",
        CuResult.InvalidHandle => "invalid resource handle",
        CuResult.NotFound => "named symbol not found",
        CuResult.NotReady => "device not ready",
        CuResult.IllegalAddress => "an illegal memory access was encountered",
        CuResult.LaunchOutOfResources => "too many resources requested for launch",
        CuResult.LaunchTimeout => "the launch timed out and was terminated",
        CuResult.Assert => "device-side assert triggered",
        CuResult.IllegalInstruction => "an illegal instruction was encountered",
        CuResult.MisalignedAddress => "misaligned address",
        CuResult.InvalidAddressSpace => "operation not supported on global/shared address space",
        CuResult.InvalidProgramCounter => "invalid program counter",
        CuResult.LaunchFailed => "unspecified launch failure",
        CuResult.CooperativeLaunchTooLarge => "too many blocks in cooperative launch",
        CuResult.NotPermitted => "operation not permitted",
        CuResult.NotSupported => "operation not supported",
        CuResult.StreamCaptureUnsupported => "operation not permitted when stream is capturing",
        CuResult.StreamCaptureInvalidated => "operation failed due to a previous error during capture",
        CuResult.StreamCaptureMerge => "operation would result in a merge of separate capture sequences",
        CuResult.StreamCaptureUnmatched => "capture was not ended in the same stream as it began",
        CuResult.StreamCaptureUnjoined => "capturing stream has unjoined work",
        CuResult.StreamCaptureIsolation => "dependency created on uncaptured work in another stream",
        CuResult.CapturedEvent => "operation not permitted on an event last recorded in a capturing stream",
        CuResult.StreamCaptureWrongThread => "attempt to terminate a thread-local capture sequence from another thread",
        CuResult.InvalidClusterSize => "the cluster size is not possible",
        _ => Enum.IsDefined(result) ? result.ToString() : null,
    };
}
