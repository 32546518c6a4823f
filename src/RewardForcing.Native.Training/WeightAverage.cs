using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>An exponential moving average of the parameters of a network, in float: <c>s ← decay s + (1 - decay) p</c>.</summary>
/// <remarks>Spec: training 4.5.</remarks>
public sealed class WeightAverage : IDisposable
{
    private readonly List<(Parameter Source, Parameter Average)> _pairs = [];

    /// <summary>Starts from the parameters as they are.</summary>
    /// <param name="parameters">What to follow.</param>
    /// <param name="decay">Share that is kept in an update, 0 to 1; 0.99 in Reward Forcing.</param>
    /// <exception cref="ArgumentOutOfRangeException">The decay is not from 0 to 1.</exception>
    public WeightAverage(IEnumerable<Parameter> parameters, double decay)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(decay, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(decay, 1);
        Decay = decay;
        foreach (Parameter source in parameters)
        {
            Parameter average = Parameter.New(source.Value.Device, source.Name, source.Shape);
            _pairs.Add((source, average));
            using Pass pass = Pass.Inference(source.Value.Device);
            average.Value.CopyFrom(Cast.Forward(pass, source.Value, DType.F32));
        }
    }

    /// <summary>Share that is kept.</summary>
    public double Decay { get; }

    /// <summary>The averages, named as the parameters they follow.</summary>
    public IEnumerable<Parameter> Averages => _pairs.Select(static pair => pair.Average);

    /// <summary>Takes in the parameters as they are now.</summary>
    public void Update()
    {
        foreach ((Parameter source, Parameter average) in _pairs)
        {
            SinkUpdate.Update(average.Value, source.Value, Decay);
        }
    }

    /// <summary>Overwrites the parameters that are followed with their averages: the end of a training.</summary>
    public void Publish()
    {
        foreach ((Parameter source, Parameter average) in _pairs)
        {
            using Pass pass = Pass.Inference(source.Value.Device);
            source.Value.CopyFrom(Cast.Forward(pass, average.Value, source.Value.DType));
        }
    }

    /// <summary>Releases the averages.</summary>
    public void Dispose()
    {
        foreach ((Parameter _, Parameter average) in _pairs)
        {
            average.Dispose();
        }

        _pairs.Clear();
    }
}
