namespace RewardForcing.Native.Models;

/// <summary>Which of several sets of weights in a training checkpoint is taken.</summary>
public enum WeightsEntry
{
    /// <summary>The averaged generator if there is one, else the generator, else the model.</summary>
    Auto,

    /// <summary><c>generator</c>: the weights as trained.</summary>
    Generator,

    /// <summary><c>generator_ema</c>: their running average.</summary>
    GeneratorEma,

    /// <summary><c>model</c>.</summary>
    Model,

    /// <summary><c>critic</c>: the network that scores the generator in training.</summary>
    Critic,
}
