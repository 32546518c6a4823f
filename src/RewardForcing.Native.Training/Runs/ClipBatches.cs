using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Micro-batches of stored clips, in an order that depends on their number only.</summary>
internal sealed class ClipBatches : IDisposable
{
    private readonly IClipStore _store;
    private readonly DataOrder _order;
    private readonly TrainingSettings _settings;

    /// <summary>Opens the data of a run.</summary>
    /// <param name="settings">Where it is, and how much of it is taken at once.</param>
    /// <param name="kind">What the trainer needs.</param>
    /// <exception cref="Formats.ModelFormatException">The data are of another kind or shape.</exception>
    public ClipBatches(TrainingSettings settings, ClipKind kind)
    {
        _settings = settings;
        _store = ClipStores.Open(settings.DataPath, settings.MaxPairs);
        if (_store.Kind != kind)
        {
            _store.Dispose();
            throw new Formats.ModelFormatException(settings.DataPath, $"holds {_store.Kind.ToString().ToLowerInvariant()}, but trainer {settings.Trainer.ToString().ToLowerInvariant()} needs {kind.ToString().ToLowerInvariant()}", "data_path");
        }

        _order = new DataOrder(_store.Count, settings.Seed);
    }

    /// <summary>Shape of a row.</summary>
    public Shape RowShape => _store.ClipShape;

    /// <summary>The rows of a micro-batch.</summary>
    /// <param name="step">Optimiser step, from 0.</param>
    /// <param name="micro">Micro-batch of the step, from 0.</param>
    public Clip[] Rows(long step, int micro)
    {
        long first = ((step * _settings.Accumulation) + micro) * _settings.BatchSize;
        return [.. Enumerable.Range(0, _settings.BatchSize).Select(i => _store.Read(_order[first + i]))];
    }

    /// <summary>The prompts of the first rows.</summary>
    /// <param name="most">How many at most.</param>
    public IReadOnlyList<string> Prompts(int most) => [.. Enumerable.Range(0, Math.Min(most, _store.Count)).Select(_store.Prompt)];

    /// <summary>Rows side by side.</summary>
    /// <param name="pass">Owns the tensor.</param>
    /// <param name="rows">Clips of one shape.</param>
    public static Tensor Stack(Pass pass, IReadOnlyList<Clip> rows)
    {
        Shape shape = rows[0].Shape;
        int length = rows[0].Values.Length;
        var values = new float[rows.Count * length];
        for (int i = 0; i < rows.Count; i++)
        {
            rows[i].Values.CopyTo(values, i * length);
        }

        return pass.From<float>(new Shape([rows.Count, .. shape.ToArray()]), values);
    }

    /// <summary>Closes the data.</summary>
    public void Dispose() => _store.Dispose();
}
