using System.Globalization;
using System.Text;
using System.Text.Json;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>How rows lie in an LMDB environment.</summary>
/// <remarks>Spec: training 5.2. <c>notes</c> is ours; the reference looks only for keys it knows.</remarks>
internal static class LmdbKeys
{
    public const string LatentsShape = "latents_shape";
    public const string PromptsShape = "prompts_shape";
    public const string Notes = "notes";

    private const int LongestShape = 200;
    private const int LongestNotes = 1 << 20;

    public static string Latents(int row) => string.Create(CultureInfo.InvariantCulture, $"latents_{row}_data");

    public static string Prompt(int row) => string.Create(CultureInfo.InvariantCulture, $"prompts_{row}_data");

    /// <summary>Number of rows, and the shape of one.</summary>
    /// <returns>Null if there are none yet.</returns>
    /// <exception cref="ModelFormatException">The shape is none of latents or trajectories.</exception>
    public static (int Rows, Shape Shape)? ReadShape(LmdbEnvironment environment, string path)
    {
        if (environment.Find(LatentsShape, LongestShape) is not byte[] bytes)
        {
            return null;
        }

        string text = Encoding.UTF8.GetString(bytes);
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        int[] extents = new int[words.Length];
        bool isShape = words.Length is 5 or 6;
        UInt128 count = 1;
        for (int i = 0; i < words.Length && isShape; i++)
        {
            isShape = int.TryParse(words[i], NumberStyles.None, CultureInfo.InvariantCulture, out extents[i]) && extents[i] > 0;
            count *= i > 0 ? (UInt128)extents[i] : 1;
        }

        // A row is one array of floats.
        return isShape && count <= (UInt128)(Array.MaxLength / sizeof(float)) ? (extents[0], new Shape(extents[1..]))
            : throw new ModelFormatException(path, $"{LatentsShape} is \"{Printable.Text(text)}\", expected 5 or 6 numbers from 1 on with blanks between them: rows, points of a trajectory if it has them, frames, channels, height, width", LatentsShape);
    }

    public static byte[] Shape(int rows, Shape? shape) =>
        Encoding.ASCII.GetBytes(string.Join(' ', new[] { rows }.Concat(shape?.ToArray() ?? []).Select(static extent => extent.ToString(CultureInfo.InvariantCulture))));

    public static byte[] Encode(IReadOnlyDictionary<string, string> notes)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            foreach ((string key, string note) in notes.OrderBy(static pair => pair.Key, StringComparer.Ordinal))
            {
                json.WriteString(key, note);
            }

            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    public static Dictionary<string, string> ReadNotes(LmdbEnvironment environment, string path) =>
        environment.Find(Notes, LongestNotes) is byte[] bytes
            ? JsonPart.Parse($"{path}, {Notes}", bytes).Members().ToDictionary(static member => member.Key, static member => member.Value.Text(), StringComparer.Ordinal)
            : [];
}
