namespace RewardForcing.Native.Cuda;

/// <summary>Whether a stream records a graph; values are those of <c>CUstreamCaptureStatus</c>.</summary>
public enum CudaCaptureStatus
{
    /// <summary>Work given to the stream runs.</summary>
    None = 0,

    /// <summary>Work given to the stream is recorded and does not run.</summary>
    Active = 1,

    /// <summary>A forbidden call broke the capture; only ending it is allowed.</summary>
    Invalidated = 2,
}
