using System.Text;

namespace RewardForcing.Native.Formats;

/// <summary>Writes a dictionary of tensors as <c>torch.save</c> does: a zip of uncompressed storages beside a pickle of protocol 2.</summary>
public static class PyTorchArchiveWriter
{
    private const string Root = "archive";

    // As Python's pickle module has it.
    private const int Batch = 1000;

    /// <summary>Writes one checkpoint. The file is whole or not there.</summary>
    /// <param name="path">Target, such as <c>model.pt</c>.</param>
    /// <param name="tensors">In the order of the dictionary; each is asked for its bytes once.</param>
    /// <param name="group">Key of the outer dictionary that holds the tensors, such as <c>generator_ema</c>; null writes them at the top.</param>
    /// <exception cref="ArgumentException">Two tensors share a name, an extent is negative, or PyTorch has no typed storage for a type.</exception>
    public static void Write(string path, IReadOnlyList<WritableTensor> tensors, string? group = null) =>
        Write(path, tensors, group is null ? Pickle(tensors) : Pickle([(group, tensors)]));

    /// <summary>Writes a checkpoint of several networks. The file is whole or not there.</summary>
    /// <param name="path">Target, such as <c>model.pt</c>.</param>
    /// <param name="groups">Keys of the outer dictionary, such as <c>generator</c> and <c>critic</c>, and the tensors below each.</param>
    /// <exception cref="ArgumentException">Two tensors of a group share a name, an extent is negative, or PyTorch has no typed storage for a type.</exception>
    public static void Write(string path, IReadOnlyList<(string Group, IReadOnlyList<WritableTensor> Tensors)> groups) =>
        Write(path, [.. groups.SelectMany(static group => group.Tensors)], Pickle(groups));

    private static void Write(string path, IReadOnlyList<WritableTensor> tensors, byte[] pickle)
    {
        WholeFile.Write(path, stream =>
        {
            StoredZipWriter zip = new(stream);
            Add(zip, "data.pkl", pickle);
            Add(zip, "byteorder", Encoding.ASCII.GetBytes("little"));
            for (int i = 0; i < tensors.Count; i++)
            {
                zip.Add($"{Root}/data/{i}", checked(tensors[i].Count * (tensors[i].Type.Bits() / 8)), tensors[i].Write);
            }

            Add(zip, "version", Encoding.ASCII.GetBytes("3\n"));
            zip.Finish();
        });
    }

    private static byte[] Pickle(IReadOnlyList<(string Group, IReadOnlyList<WritableTensor> Tensors)> groups)
    {
        PickleWriter pickle = new();
        pickle.BeginDictionary();
        int first = 0;
        foreach ((string group, IReadOnlyList<WritableTensor> tensors) in groups)
        {
            pickle.Text(group);
            Dictionary(pickle, tensors, first);
            first += tensors.Count;
        }

        pickle.EndDictionary();
        return pickle.Finish();
    }

    private static byte[] Pickle(IReadOnlyList<WritableTensor> tensors)
    {
        PickleWriter pickle = new();
        Dictionary(pickle, tensors, 0);
        return pickle.Finish();
    }

    private static void Dictionary(PickleWriter pickle, IReadOnlyList<WritableTensor> tensors, int first)
    {
        HashSet<string> names = new(StringComparer.Ordinal);
        pickle.BeginDictionary();
        for (int i = 0; i < tensors.Count; i++)
        {
            if (!names.Add(tensors[i].Name) || tensors[i].Shape.Any(static extent => extent < 0))
            {
                throw new ArgumentException($"{tensors[i].Name}: expected a name of its own and extents from 0 on, got [{string.Join(", ", tensors[i].Shape)}].", nameof(tensors));
            }

            if (i > 0 && i % Batch == 0)
            {
                pickle.NextBatch();
            }

            pickle.Text(tensors[i].Name);
            pickle.Tensor(tensors[i], $"{first + i}");
        }

        pickle.EndDictionary();
    }

    private static void Add(StoredZipWriter zip, string name, byte[] content) =>
        zip.Add($"{Root}/{name}", content.Length, stream => stream.Write(content));
}
