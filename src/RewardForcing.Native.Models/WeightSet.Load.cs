using RewardForcing.Native.Formats;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <content>Reading from an archive.</content>
public sealed partial class WeightSet
{
    /// <summary>Binds the entries of an archive to declared parameters.</summary>
    /// <param name="device">Where the parameters are to live.</param>
    /// <param name="archive">The file or files; mappings stay valid after it is disposed.</param>
    /// <param name="map">Translates names of entries to declared keys.</param>
    /// <param name="declared">What the network has.</param>
    /// <param name="castTo">Type all parameters are converted to; null keeps what the file has, but for types no op reads (F64, integers), which become F32.</param>
    /// <param name="adapter">Changes to add to some of the weights, such as a LoRA; may be null.</param>
    /// <param name="cancellation">Stops between two tensors; nothing stays allocated.</param>
    /// <exception cref="WeightMismatchException">A tensor is missing, left over or of another shape; the message lists all of them.</exception>
    public static WeightSet Load(
        Device device,
        TensorArchive archive,
        KeyMap map,
        IReadOnlyList<ParameterSpec> declared,
        DType? castTo = null,
        LoraAdapter? adapter = null,
        CancellationToken cancellation = default)
    {
        Dictionary<string, TensorEntry> entries = WeightMatch.Bind(archive, map, declared);
        if (adapter?.Keys.FirstOrDefault(key => !entries.ContainsKey(key)) is string stray)
        {
            throw new ArgumentException($"{archive.Path}: the adapter changes {stray}, which the network does not have.", nameof(adapter));
        }

        WeightSet set = new(device);
        try
        {
            foreach (ParameterSpec spec in declared)
            {
                cancellation.ThrowIfCancellationRequested();
                if (entries.TryGetValue(spec.Name, out TensorEntry? entry))
                {
                    set.Add(WeightReader.Read(device, archive, entry, spec, castTo, adapter));
                }
            }

            return set;
        }
        catch
        {
            set.Dispose();
            throw;
        }
    }
}
