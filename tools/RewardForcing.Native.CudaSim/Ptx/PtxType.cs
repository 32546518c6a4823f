using System.Globalization;

namespace RewardForcing.Native.CudaSim.Ptx;

/// <summary>A PTX type such as <c>.u32</c> or <c>.bf16x2</c>.</summary>
/// <param name="Kind">How its bits are read.</param>
/// <param name="Bytes">Size of all of it; 0 for a predicate.</param>
/// <param name="Packed">Values in it: 2 for the <c>x2</c> types.</param>
public readonly record struct PtxType(PtxKind Kind, int Bytes, int Packed = 1)
{
    /// <summary>Whether it is read as an integer or as bits.</summary>
    public bool IsInteger => Kind is PtxKind.Bits or PtxKind.Unsigned or PtxKind.Signed;

    /// <summary>Whether it is a signed integer.</summary>
    public bool IsSigned => Kind == PtxKind.Signed;

    /// <summary>Bytes of the register column that holds it: 16-bit values live in 32-bit columns, predicates in one word for all lanes.</summary>
    public int Width => Kind == PtxKind.Predicate ? 0 : Bytes <= 4 ? 4 : 8;

    /// <summary>Reads a type's name, without its dot.</summary>
    public static bool TryParse(string name, out PtxType type)
    {
        type = name switch
        {
            "pred" => new(PtxKind.Predicate, 0),
            "f16" => new(PtxKind.Float, 2),
            "f32" => new(PtxKind.Float, 4),
            "f64" => new(PtxKind.Float, 8),
            "f16x2" => new(PtxKind.Float, 4, 2),
            "bf16" => new(PtxKind.BFloat, 2),
            "bf16x2" => new(PtxKind.BFloat, 4, 2),
            "tf32" => new(PtxKind.Tf32, 4),
            "e4m3" => new(PtxKind.E4M3, 1),
            "e5m2" => new(PtxKind.E5M2, 1),
            "e4m3x2" => new(PtxKind.E4M3, 2, 2),
            "e5m2x2" => new(PtxKind.E5M2, 2, 2),
            _ => default,
        };
        if (type != default)
        {
            return true;
        }

        if (name.Length < 2 || !int.TryParse(name.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out int bits) || bits is not (8 or 16 or 32 or 64 or 128))
        {
            return false;
        }

        PtxKind? kind = name[0] switch { 'b' => PtxKind.Bits, 'u' => PtxKind.Unsigned, 's' => PtxKind.Signed, _ => null };
        if (kind is null)
        {
            return false;
        }

        type = new(kind.Value, bits / 8);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => (Kind, Bytes) switch
    {
        (PtxKind.Predicate, _) => "pred",
        (PtxKind.Bits, _) => $"b{Bytes * 8}",
        (PtxKind.Unsigned, _) => $"u{Bytes * 8}",
        (PtxKind.Signed, _) => $"s{Bytes * 8}",
        (PtxKind.Float, _) => $"f{Bytes * 8 / Packed}{(Packed > 1 ? "x2" : "")}",
        (PtxKind.BFloat, _) => $"bf16{(Packed > 1 ? "x2" : "")}",
        (PtxKind.Tf32, _) => "tf32",
        _ => $"{Kind.ToString().ToLowerInvariant()}{(Packed > 1 ? "x2" : "")}",
    };
}
