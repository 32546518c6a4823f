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
    public static void Write(string path, IReadOnlyList<WritableTensor> tensors, string? group = null)
    {
        byte[] pickle = Pickle(tensors, group);
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

    private static byte[] Pickle(IReadOnlyList<WritableTensor> tensors, string? group)
    {
        HashSet<string> names = new(StringComparer.Ordinal);
        PickleWriter pickle = new();
        pickle.BeginDictionary();
        if (group is not null)
        {
            pickle.Text(group);
            pickle.BeginDictionary();
        }

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
            pickle.Tensor(tensors[i], $"{i}");
        }

        if (group is not null)
        {
            pickle.EndDictionary();
        }

        pickle.EndDictionary();
        return pickle.Finish();
    }

    private static void Add(StoredZipWriter zip, string name, byte[] content) =>
        zip.Add($"{Root}/{name}", content.Length, stream => stream.Write(content));
}
