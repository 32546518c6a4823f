using System.Runtime.CompilerServices;
using System.Text;

namespace RewardForcing.Native.Cuda;

/// <summary>An interpolated sentence that is put together only if the call it speaks of has failed: launches and copies are many, failures few.</summary>
[InterpolatedStringHandler]
internal readonly ref struct FailureText
{
    private readonly StringBuilder? _text;

    /// <summary>Called by the compiler.</summary>
    /// <param name="literalLength">Letters of the fixed parts.</param>
    /// <param name="formattedCount">Number of the others.</param>
    /// <param name="result">What the call returned.</param>
    /// <param name="isWanted">Whether the parts are to be evaluated.</param>
    public FailureText(int literalLength, int formattedCount, CuResult result, out bool isWanted)
    {
        isWanted = result != CuResult.Success;
        _text = isWanted ? new StringBuilder(literalLength + (16 * formattedCount)) : null;
    }

    /// <summary>Adds a fixed part.</summary>
    public void AppendLiteral(string text) => _text!.Append(text);

    /// <summary>Adds a value.</summary>
    public void AppendFormatted<T>(T value) => _text!.Append(value);

    /// <summary>Adds a value in a format.</summary>
    public void AppendFormatted<T>(T value, string format)
        where T : IFormattable => _text!.Append(value.ToString(format, null));

    /// <inheritdoc/>
    public override string ToString() => _text?.ToString() ?? string.Empty;
}
