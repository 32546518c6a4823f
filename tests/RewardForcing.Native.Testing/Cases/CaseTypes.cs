using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary>The element types of one run of a case.</summary>
/// <param name="Shared">Of inputs that decide the arithmetic.</param>
/// <param name="Own">Of inputs with a type of their own: weights and operands.</param>
public readonly record struct CaseTypes(DType Shared, DType Own)
{
    /// <summary>Everything in F32.</summary>
    public static CaseTypes Floats => new(DType.F32, DType.F32);

    /// <summary>The type an input has in this run.</summary>
    public DType Of(InputKind kind) => kind switch
    {
        InputKind.Index => DType.I32,
        InputKind.Float => DType.F32,
        InputKind.Operand or InputKind.Weight => Own,
        _ => Shared,
    };

    /// <summary>All combinations that the inputs of a case allow.</summary>
    public static IEnumerable<CaseTypes> All(IReadOnlyList<CaseInput> inputs)
    {
        bool Has(InputKind kind) => inputs.Any(input => input.Kind == kind);
        DType[] shared = Has(InputKind.Any) ? Enum.GetValues<DType>() : Has(InputKind.Activation) ? [DType.F32, DType.BF16] : [DType.F32];
        DType[] own = Has(InputKind.Weight) ? [DType.F32, DType.BF16, DType.F16, DType.F8E4M3] : Has(InputKind.Operand) ? [DType.F32, DType.BF16] : [DType.F32];
        return shared.SelectMany(first => own.Select(second => new CaseTypes(first, second)));
    }
}
