using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>AdamW over the parameters of a network: decoupled weight decay, float state, float master weights.</summary>
/// <remarks>With beta1 = 0 there is no mean of gradients, which saves four bytes for each parameter. Spec: training 4.4.</remarks>
public sealed class AdamWOptimizer : IDisposable
{
    private readonly List<Slot> _slots = [];

    /// <summary>Allocates the state of trainable parameters: zeros, and for parameters that are not F32 a master copy.</summary>
    /// <param name="parameters">What to train; parameters that are not trainable are passed over.</param>
    /// <param name="settings">Rates.</param>
    /// <param name="share">Factor of the learning rate of a parameter by its name, which makes groups of them; null for 1.</param>
    /// <exception cref="ArgumentException">A rate is out of range, or a parameter is mapped from a file.</exception>
    public AdamWOptimizer(IEnumerable<Parameter> parameters, AdamWSettings settings, Func<string, double>? share = null)
    {
        settings.Validate("adamw");
        Settings = settings;
        try
        {
            foreach (Parameter parameter in parameters.Where(static parameter => parameter.Trainable))
            {
                _slots.Add(parameter.IsMapped
                    ? throw new ArgumentException($"adamw: {parameter.Name} is mapped from its file and cannot change; load the network with WeightRules.IsWritable.", nameof(parameters))
                    : new Slot(parameter, settings.Beta1 > 0, share?.Invoke(parameter.Name) ?? 1));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The rates; a schedule may change them between steps, but not whether beta1 is 0.</summary>
    public AdamWSettings Settings { get; set; }

    /// <summary>Steps made.</summary>
    public long Steps { get; private set; }

    /// <summary>Moves every parameter that has a gradient. Gradients stay; <see cref="Parameter.ClearGrad"/> forgets them.</summary>
    /// <param name="gradFactor">What gradients are multiplied by, from <see cref="GradientClip.Factor"/>.</param>
    public void Step(double gradFactor = 1)
    {
        Steps++;
        foreach (Slot slot in _slots)
        {
            if (slot.Parameter.Grad is { } grad)
            {
                AdamWUpdate.Step(slot.Master, grad, slot.First, slot.Second, Settings with { LearningRate = Settings.LearningRate * slot.Share }, Steps, gradFactor);
                slot.Publish();
            }
        }
    }

    /// <summary>Forgets all gradients.</summary>
    public void ClearGrads()
    {
        foreach (Slot slot in _slots)
        {
            slot.Parameter.ClearGrad();
        }
    }

    /// <summary>The state of a parameter, for checkpoints: mean of gradients (null with beta1 = 0), mean of squares, and the master weight.</summary>
    /// <param name="parameter">One of those given at the start.</param>
    /// <exception cref="KeyNotFoundException">It is not trained here.</exception>
    public (Tensor? First, Tensor Second, Tensor Master) StateOf(Parameter parameter)
    {
        Slot slot = _slots.Find(slot => slot.Parameter == parameter) ?? throw new KeyNotFoundException($"adamw: {parameter.Name} is not trained here.");
        return (slot.First, slot.Second, slot.Master);
    }

    /// <summary>Continues a run.</summary>
    /// <param name="steps">Steps it had made; the state itself is copied to the tensors of <see cref="StateOf"/>.</param>
    public void Resume(long steps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        Steps = steps;
    }

    /// <summary>Releases the state.</summary>
    public void Dispose()
    {
        foreach (Slot slot in _slots)
        {
            slot.Dispose();
        }

        _slots.Clear();
    }

    private sealed class Slot : IDisposable
    {
        private readonly List<Parameter> _owned = [];
        private readonly bool _isNarrow;

        public Slot(Parameter parameter, bool hasFirst, double share)
        {
            (Parameter, Share) = (parameter, share);
            _isNarrow = parameter.Value.DType != DType.F32;
            Second = Zeros("second moment");
            First = hasFirst ? Zeros("first moment") : null;
            Master = parameter.Value;
            if (_isNarrow)
            {
                Master = Zeros("master");
                using Pass pass = Pass.Inference(parameter.Value.Device);
                Master.CopyFrom(Cast.Forward(pass, parameter.Value, DType.F32));
            }
        }

        public Parameter Parameter { get; }

        public double Share { get; }

        public Tensor? First { get; }

        public Tensor Second { get; }

        public Tensor Master { get; }

        public void Publish()
        {
            if (_isNarrow)
            {
                using Pass pass = Pass.Inference(Master.Device);
                Parameter.Value.CopyFrom(Cast.Forward(pass, Master, Parameter.Value.DType));
            }
        }

        public void Dispose()
        {
            foreach (Parameter owned in _owned)
            {
                owned.Dispose();
            }
        }

        private Tensor Zeros(string what)
        {
            Parameter state = Parameter.New(Parameter.Value.Device, $"{what} of {Parameter.Name}", Parameter.Shape);
            _owned.Add(state);
            state.Value.Clear();
            return state.Value;
        }
    }
}
