using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>Memory of tensors of one type, as a device's pool hands it out.</summary>
/// <param name="Type">Type of the elements.</param>
internal readonly record struct TensorSizes(DType Type)
{
    /// <summary>Floats.</summary>
    public static TensorSizes F32 => new(DType.F32);

    /// <summary>Bytes of one tensor; its elements are the product of its extents.</summary>
    public long Of(params ReadOnlySpan<long> extents)
    {
        long elements = 1;
        foreach (long extent in extents)
        {
            elements = checked(elements * extent);
        }

        return Device.BytesTaken(checked(elements * Type.Size()));
    }
}
