using System.Runtime.InteropServices;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>The tensors of a unit case on a device. Weights are found by the end of their name, since a case may take them from any block.</summary>
internal sealed class CaseTensors(Pass pass, GoldenFile file)
{
    /// <summary>A tensor in the type it is stored in.</summary>
    public Tensor this[string name]
    {
        get
        {
            string full = Find(file, name) ?? throw new KeyNotFoundException($"{file.Name}: no tensor is named {name} or ends in .{name}.");
            file.Archive.TryGet(full, out TensorEntry? entry);
            Shape shape = new(file.ShapeOf(full));
            return entry!.Type == ElementType.BF16
                ? pass.From<BFloat16>(shape, MemoryMarshal.Cast<byte, BFloat16>(file.Bytes(full)))
                : pass.From<float>(shape, file.Floats(full));
        }
    }

    /// <summary>Full name of a tensor; null if there is none.</summary>
    public static string? Find(GoldenFile file, string name) =>
        file.Has(name) ? name : file.Names.FirstOrDefault(candidate => IsWeight(candidate) && candidate.EndsWith($".{name}", StringComparison.Ordinal));

    /// <summary><c>y = activation(x · weightᵀ + bias)</c> with the parameters of one layer.</summary>
    public Tensor Linear(Tensor x, string layer, Activation activation = Activation.None) =>
        Ops.Linear.Forward(pass, x, this[$"{layer}.weight"], this[$"{layer}.bias"], activation);

    /// <summary>Three linear maps and a norm make the queries or keys of one attention, <c>[B, L, N, D]</c>.</summary>
    public Tensor Heads(Tensor x, int heads) => pass.Reshape(x, new Shape(x.Shape[0], x.Shape[1], heads, x.Shape[2] / heads));

    private static bool IsWeight(string name) =>
        !(name.StartsWith("in.", StringComparison.Ordinal) || name.StartsWith("out.", StringComparison.Ordinal) || name.StartsWith("grad", StringComparison.Ordinal));
}
