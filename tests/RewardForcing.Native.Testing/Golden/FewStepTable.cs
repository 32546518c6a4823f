using System.Text.Json;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Timesteps and noise levels of few-step models, written down from the formulas, independently of the product's schedule.</summary>
internal sealed class FewStepTable
{
    private const int TrainSteps = 1000;
    private readonly float[] _sigmas = new float[TrainSteps];
    private readonly float[] _times = new float[TrainSteps];

    private FewStepTable(double shift)
    {
        for (int i = 0; i < TrainSteps; i++)
        {
            double left = 1 - (i / (double)TrainSteps);
            _sigmas[i] = (float)(shift * left / (1 + ((shift - 1) * left)));
            _times[i] = TrainSteps * _sigmas[i];
        }
    }

    /// <summary>The timesteps of a block, warped if the model wants that.</summary>
    public float[] Steps { get; private init; } = [];

    public static FewStepTable From(JsonElement config)
    {
        FewStepTable table = new(config.GetProperty("timestep_shift").GetDouble());
        bool warp = config.GetProperty("warp_denoising_step").GetBoolean();
        List<float> steps = [];
        foreach (JsonElement step in config.GetProperty("denoising_step_list").EnumerateArray())
        {
            int index = TrainSteps - (int)step.GetDouble();
            steps.Add(!warp ? step.GetSingle() : index == TrainSteps ? 0 : table._times[index]);
        }

        return new FewStepTable(config.GetProperty("timestep_shift").GetDouble()) { Steps = [.. steps] };
    }

    /// <summary>The noise level of the training step nearest to a timestep.</summary>
    public float SigmaOf(float timestep)
    {
        int best = 0;
        for (int i = 1; i < TrainSteps; i++)
        {
            best = Math.Abs(_times[i] - timestep) < Math.Abs(_times[best] - timestep) ? i : best;
        }

        return _sigmas[best];
    }
}
