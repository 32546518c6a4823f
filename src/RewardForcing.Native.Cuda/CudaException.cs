using System.Text;

namespace RewardForcing.Native.Cuda;

/// <summary>A call to the CUDA driver, NVRTC or cuBLASLt failed.</summary>
public sealed class CudaException : Exception
{
    /// <summary>Creates the error of a driver call.</summary>
    /// <param name="call">Name of the call, as in the header.</param>
    /// <param name="status">What it returned.</param>
    /// <param name="text">What the status means, in the library's words; null if it does not say.</param>
    /// <param name="doing">What was being done, as a sentence; null if the call says it all.</param>
    /// <param name="detail">What is known besides, such as a log or where a kernel faulted; may have several lines.</param>
    public CudaException(string call, CuResult status, string? text = null, string? doing = null, string? detail = null)
        : this(call, status.ToString(), (int)status, text, doing, detail) => Result = status;

    /// <summary>Creates the error of a matrix product.</summary>
    /// <param name="call">Name of the call, as in the header.</param>
    /// <param name="status">What it returned.</param>
    /// <param name="doing">What was being done, as a sentence.</param>
    public CudaException(string call, BlasStatus status, string doing)
        : this(call, status.ToString(), (int)status, null, doing, null)
    {
    }

    /// <summary>Creates the error of any call.</summary>
    /// <param name="call">Name of the call, as in the header.</param>
    /// <param name="status">Name of the status.</param>
    /// <param name="code">Number of the status.</param>
    /// <param name="text">What the status means.</param>
    /// <param name="doing">What was being done, as a sentence.</param>
    /// <param name="detail">What is known besides.</param>
    public CudaException(string call, string status, int code, string? text, string? doing, string? detail)
        : base(Describe(call, status, code, text, doing, detail))
    {
        Call = call;
        Status = status;
        Code = code;
        Detail = detail;
    }

    /// <summary>Name of the call that failed.</summary>
    public string Call { get; }

    /// <summary>Name of the status it returned.</summary>
    public string Status { get; }

    /// <summary>Number of the status.</summary>
    public int Code { get; }

    /// <summary>The status, if the call was one of the driver.</summary>
    public CuResult? Result { get; }

    /// <summary>A compile log or the place of a fault; null if nothing is known.</summary>
    public string? Detail { get; }

    private static string Describe(string call, string status, int code, string? text, string? doing, string? detail)
    {
        StringBuilder message = new($"{call} failed: {status} ({code})");
        message.Append(string.IsNullOrEmpty(text) ? "." : $", {text.TrimEnd('.')}.");
        if (!string.IsNullOrEmpty(doing))
        {
            message.Append(' ').Append(doing);
        }

        if (!string.IsNullOrEmpty(detail))
        {
            message.Append(detail.Contains('\n') ? '\n' : ' ').Append(detail.TrimEnd());
        }

        return message.ToString();
    }
}
