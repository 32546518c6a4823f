using System.Runtime.InteropServices;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>The tensors of a case on a device, the pass that computes with them, and, where the case has gradients, what is to be differentiated.</summary>
/// <remarks>
/// Where the file has gradients, all tensors are parameters and the pass records. Weights are found by the end of their name,
/// since a unit case may take them from any block.
/// </remarks>
internal sealed class CaseTensors : IDisposable
{
    private const string Cotangent = "in.grad_out";
    private const string Result = "out.out";
    private readonly GoldenFile _file;
    private readonly Device _device;
    private readonly Dictionary<string, Parameter> _parameters = new(StringComparer.Ordinal);
    private readonly List<(string Name, Tensor Value)> _outputs = [];

    public CaseTensors(GoldenFile file, Device device)
    {
        (_file, _device) = (file, device);
        Differentiates = file.Type == DType.F32 && GoldenGradients.In(file).Any();
        Pass = Differentiates ? Pass.Training(device) : Pass.Inference(device);
    }

    /// <summary>Where everything is computed.</summary>
    public Pass Pass { get; }

    /// <summary>Whether gradients are wanted: the file has some, and they are of what is computed.</summary>
    public bool Differentiates { get; }

    /// <summary>A tensor in the type it is stored in.</summary>
    public Tensor this[string name]
    {
        get
        {
            string full = Find(_file, name) ?? throw new KeyNotFoundException($"{_file.Name}: no tensor is named {name} or ends in .{name}.");
            if (!_parameters.TryGetValue(full, out Parameter? parameter))
            {
                _file.Archive.TryGet(full, out TensorEntry? entry);
                bool narrow = entry!.Type == ElementType.BF16;
                parameter = Parameter.New(_device, full, new Shape(_file.ShapeOf(full)), narrow ? DType.BF16 : DType.F32);
                _parameters.Add(full, parameter);
                if (narrow)
                {
                    parameter.Value.CopyFrom(MemoryMarshal.Cast<byte, BFloat16>(_file.Bytes(full)));
                }
                else
                {
                    parameter.Value.CopyFrom<float>(_file.Floats(full));
                }

                parameter.Trainable = Differentiates;
            }

            return parameter;
        }
    }

    /// <summary>An input of a network, in the type it computes in.</summary>
    public Tensor Input(string name) => this[name].DType == _file.Type ? this[name] : Cast.Forward(Pass, this[name], _file.Type);

    /// <summary>Lets gradients flow to the parameters of a network, where they are wanted.</summary>
    public void Train(WeightSet weights) => weights.Train(Differentiates);

    /// <summary>Full name of a tensor; null if there is none.</summary>
    public static string? Find(GoldenFile file, string name) =>
        file.Has(name) ? name : file.Names.FirstOrDefault(candidate => IsWeight(candidate) && candidate.EndsWith($".{name}", StringComparison.Ordinal));

    /// <summary>Whether a tensor is a weight, not an input, an output or a gradient.</summary>
    public static bool IsWeight(string name) =>
        !(name.StartsWith("in.", StringComparison.Ordinal) || name.StartsWith("out.", StringComparison.Ordinal) || name.StartsWith("grad", StringComparison.Ordinal));

    /// <summary><c>y = activation(x · weightᵀ + bias)</c> with the parameters of one layer.</summary>
    public Tensor Linear(Tensor x, string layer, Activation activation = Activation.None) =>
        Ops.Linear.Forward(Pass, x, this[$"{layer}.weight"], this[$"{layer}.bias"], activation);

    /// <summary>Splits channels into heads, <c>[B, L, N, D]</c>.</summary>
    public Tensor Heads(Tensor x, int heads) => Pass.Reshape(x, new Shape(x.Shape[0], x.Shape[1], heads, x.Shape[2] / heads));

    /// <summary>Compares a result with its reference, and remembers it where the case gives its gradient.</summary>
    /// <param name="name">Name of the reference, <c>out.*</c>.</param>
    /// <param name="value">What was computed; owned by the pass.</param>
    /// <param name="tolerance">Null takes the suggested one.</param>
    public Comparison Compare(string name, Tensor value, double? tolerance = null)
    {
        string cotangent = name == Result ? Cotangent : $"{Cotangent}.{name["out.".Length..]}";
        if (Differentiates && _file.Has(cotangent))
        {
            _outputs.Add((cotangent, value));
        }

        return _file.Compare(name, value.ToFloats(), tolerance);
    }

    /// <summary>Differentiates the sum over all results of result times given gradient, and compares with every gradient of the file.</summary>
    /// <param name="weights">Parameters of a network besides the tensors that were asked for; null for none.</param>
    public IEnumerable<Comparison> Gradients(Func<string, Parameter?>? weights = null)
    {
        if (!Differentiates)
        {
            return [];
        }

        Tensor? loss = null;
        foreach ((string name, Tensor value) in _outputs)
        {
            Tensor cotangent = Pass.From<float>(value.Shape, _file.Floats(name));
            Tensor term = Reduce.Sum(Pass, Multiply.Forward(Pass, value, cotangent));
            loss = loss is null ? term : Add.Forward(Pass, loss, term);
        }

        Pass.Backward(loss ?? throw new InvalidOperationException($"{_file.Name}: the file has gradients, but no result of it is given one."));
        return [.. GoldenGradients.Compare(_file, string.Empty, name => (Own(name) ?? weights?.Invoke(name))?.Grad?.ToFloats())];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Pass.Dispose();
        foreach (Parameter parameter in _parameters.Values)
        {
            parameter.Dispose();
        }
    }

    private Parameter? Own(string name) => _parameters.GetValueOrDefault(name);
}
