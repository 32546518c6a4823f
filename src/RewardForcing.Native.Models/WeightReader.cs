using System.Buffers.Binary;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>Makes one parameter of one entry of an archive: mapped where possible, converted where necessary.</summary>
internal static class WeightReader
{
    /// <summary>Reads an entry whose shape has been checked.</summary>
    /// <param name="device">Where the parameter is to live.</param>
    /// <param name="host">A device in host memory, where types are converted.</param>
    /// <param name="archive">The file.</param>
    /// <param name="entry">The tensor.</param>
    /// <param name="spec">The parameter.</param>
    /// <param name="rules">Its type, and whether it may be mapped.</param>
    /// <param name="adapter">Changes to add; may be null.</param>
    public static Parameter Read(Device device, Device host, TensorArchive archive, TensorEntry entry, ParameterSpec spec, WeightRules rules, LoraAdapter? adapter)
    {
        DType? stored = Stored(entry.Type);
        DType wanted = rules.TypeOf(entry.Type);
        bool adapted = adapter?.Changes(spec.Name) == true;
        if (device.IsHost && stored == wanted && !adapted && !rules.IsWritable)
        {
            TensorBytes bytes = archive.Map(entry);
            return Parameter.Map(device, spec.Name, bytes.Address, spec.Shape, wanted, bytes);
        }

        using Pass pass = Pass.Inference(host);
        using Parameter source = OnHost(pass, archive, entry, spec, stored);
        Tensor value = adapted ? adapter!.Apply(pass, spec.Name, source) : source;
        Tensor cast = value.DType == wanted ? value : Cast.Forward(pass, value, wanted);
        Parameter parameter = Parameter.New(device, spec.Name, spec.Shape, wanted);
        try
        {
            parameter.Value.CopyFrom(cast);
            return parameter;
        }
        catch
        {
            parameter.Dispose();
            throw;
        }
    }

    /// <summary>Reads an entry of any number type as F32, owned by a pass on a host device.</summary>
    public static Tensor ReadF32(Pass pass, TensorArchive archive, TensorEntry entry)
    {
        if (entry.Shape.Any(static extent => extent > int.MaxValue))
        {
            throw new ModelFormatException(entry.File, $"tensor {Printable.Text(entry.Name)} has the extents {Printable.Extents(entry.Shape)}, expected at most {int.MaxValue:N0} each", entry.Name);
        }

        Shape shape = new(Array.ConvertAll(entry.Shape, static extent => (int)extent));
        using Parameter source = OnHost(pass, archive, entry, new ParameterSpec(entry.Name, shape), Stored(entry.Type));
        Tensor copy = pass.New(shape);
        copy.CopyFrom(Cast.Forward(pass, source, DType.F32));
        return copy;
    }

    /// <summary>The element type of the same bits, or null if ops read none such.</summary>
    internal static DType? Stored(ElementType type) => type switch
    {
        ElementType.F32 => DType.F32,
        ElementType.BF16 => DType.BF16,
        ElementType.F16 => DType.F16,
        ElementType.F8E4M3 => DType.F8E4M3,
        _ => null,
    };

    private static Parameter OnHost(Pass pass, TensorArchive archive, TensorEntry entry, ParameterSpec spec, DType? stored)
    {
        TensorBytes bytes = archive.Map(entry);
        if (stored is DType type)
        {
            return Parameter.Map(pass.Device, spec.Name, bytes.Address, spec.Shape, type, bytes);
        }

        int rows = Math.Max(1, spec.Shape.Rank == 0 ? 1 : spec.Shape[0]);
        int rowBytes = checked((int)(bytes.Length / rows));
        using Parameter raw = Parameter.Map(pass.Device, spec.Name, bytes.Address, new Shape(rows, rowBytes), DType.U8, bytes);
        Parameter decoded = Parameter.New(pass.Device, spec.Name, spec.Shape, DType.F32);
        try
        {
            Tensor target = pass.Reshape(decoded, new Shape(rows, checked((int)(spec.Shape.Count / rows))));
            for (int row = 0; row < rows; row++)
            {
                Decode(entry, pass.Slice(raw, row, 1).Span<byte>(), pass.Slice(target, row, 1).Span<float>());
            }

            return decoded;
        }
        catch
        {
            decoded.Dispose();
            throw;
        }
    }

    private static void Decode(TensorEntry entry, ReadOnlySpan<byte> bytes, Span<float> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = entry.Type switch
            {
                ElementType.F64 => (float)BinaryPrimitives.ReadDoubleLittleEndian(bytes[(8 * i)..]),
                ElementType.I64 => BinaryPrimitives.ReadInt64LittleEndian(bytes[(8 * i)..]),
                ElementType.U64 => BinaryPrimitives.ReadUInt64LittleEndian(bytes[(8 * i)..]),
                ElementType.I32 => BinaryPrimitives.ReadInt32LittleEndian(bytes[(4 * i)..]),
                ElementType.U32 => BinaryPrimitives.ReadUInt32LittleEndian(bytes[(4 * i)..]),
                ElementType.I16 => BinaryPrimitives.ReadInt16LittleEndian(bytes[(2 * i)..]),
                ElementType.U16 => BinaryPrimitives.ReadUInt16LittleEndian(bytes[(2 * i)..]),
                ElementType.I8 => (sbyte)bytes[i],
                ElementType.U8 or ElementType.Bool => bytes[i],

                // The upper half of a binary16: five exponent and two fraction bits.
                ElementType.F8E5M2 => (float)BitConverter.UInt16BitsToHalf((ushort)(bytes[i] << 8)),
                _ => throw new ModelFormatException(
                    entry.File, $"tensor {Printable.Text(entry.Name)} is stored as {entry.Type.SafetensorsName()}, expected F64, F32, F16, BF16, F8_E4M3, F8_E5M2 or an integer type", entry.Name),
            };
        }
    }
}
