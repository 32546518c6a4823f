using System.Text;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>
/// Writes latents or trajectories in F16 into one LMDB environment, as the reference's trainers read it. Rows come in with the number of rows, all or none at once;
/// those that no <see cref="Flush"/> has written yet are lost with the process. An environment that has rows already is continued.
/// </summary>
/// <remarks>Spec: training 5.2.</remarks>
public sealed class LmdbClipWriter : IClipWriter
{
    private const long BatchBytes = 64 << 20;
    private readonly LmdbEnvironment _environment;
    private readonly Dictionary<string, string> _notes;
    private readonly List<(string Prompt, byte[] Bytes)> _rows = [];
    private long _waiting;

    /// <summary>Starts or continues an environment.</summary>
    /// <param name="folder">Made if it is missing.</param>
    /// <param name="clipShape">Shape of every row: <c>[F, C, H, W]</c>, or <c>[K, F, C, H, W]</c> for trajectories.</param>
    /// <param name="notes">Text to keep beside the rows, such as how they were made.</param>
    /// <exception cref="ArgumentException">The shape is neither.</exception>
    /// <exception cref="ModelFormatException">The folder has rows of another shape or with other notes, or there is no liblmdb.</exception>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    public LmdbClipWriter(string folder, Shape clipShape, IReadOnlyDictionary<string, string>? notes = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (clipShape.Rank is not (4 or 5) || clipShape.Count == 0)
        {
            throw new ArgumentException($"clips: rows must be [F, C, H, W], or [K, F, C, H, W] for trajectories, got {clipShape}.", nameof(clipShape));
        }

        ClipShape = clipShape;
        _notes = notes?.ToDictionary(StringComparer.Ordinal) ?? [];
        _environment = LmdbEnvironment.Write(folder);
        try
        {
            if (LmdbKeys.ReadShape(_environment, folder) is (int rows, Shape shape))
            {
                ClipNotes.RefuseOthers(folder, (shape, LmdbKeys.ReadNotes(_environment, folder)), (clipShape, _notes));
                Written = rows;
            }
        }
        catch
        {
            _environment.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public Shape ClipShape { get; }

    /// <inheritdoc/>
    public int Written { get; private set; }

    /// <inheritdoc/>
    public void Append(Clip clip)
    {
        ClipNotes.RefuseOtherShape(clip, ClipShape);
        byte[] bytes = ClipRow.Encode(ElementType.F16, clip.Values);
        _rows.Add((clip.Prompt, bytes));
        _waiting += bytes.Length;
        if (_waiting >= BatchBytes)
        {
            Flush();
        }
    }

    /// <inheritdoc/>
    public void Flush()
    {
        if (_rows.Count == 0)
        {
            return;
        }

        List<(string Key, byte[] Value)> values = [];
        for (int i = 0; i < _rows.Count; i++)
        {
            values.Add((LmdbKeys.Latents(Written + i), _rows[i].Bytes));
            values.Add((LmdbKeys.Prompt(Written + i), Encoding.UTF8.GetBytes(_rows[i].Prompt)));
        }

        values.Add((LmdbKeys.LatentsShape, LmdbKeys.Shape(Written + _rows.Count, ClipShape)));
        values.Add((LmdbKeys.PromptsShape, LmdbKeys.Shape(Written + _rows.Count, null)));
        if (_notes.Count > 0)
        {
            values.Add((LmdbKeys.Notes, LmdbKeys.Encode(_notes)));
        }

        _environment.Put(values);
        Written += _rows.Count;
        _rows.Clear();
        _waiting = 0;
    }

    /// <summary>Closes the environment and forgets the rows it does not hold yet.</summary>
    public void Dispose()
    {
        _rows.Clear();
        _environment.Dispose();
    }
}
