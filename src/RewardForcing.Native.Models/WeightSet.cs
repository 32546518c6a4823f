using System.Collections;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>The parameters of a network, read from an archive: all of them or none.</summary>
/// <remarks>
/// On a device in host memory a parameter looks at the mapped file in the type it is stored in, so loading costs page-table entries and
/// nothing else. Elsewhere, and where another type is asked for, each parameter is converted once.
/// </remarks>
public sealed class WeightSet : IDisposable, IReadOnlyCollection<Parameter>
{
    private readonly Dictionary<string, Parameter> _parameters = new(StringComparer.Ordinal);
    private readonly List<Parameter> _order = [];

    private WeightSet(Device device) => Device = device;

    /// <summary>Where the parameters live.</summary>
    public Device Device { get; }

    /// <summary>Number of parameter tensors.</summary>
    public int Count => _order.Count;

    /// <summary>Bytes of all parameters, mapped ones included.</summary>
    public long Bytes => _order.Sum(parameter => parameter.Value.Bytes);

    /// <summary>The parameter of a declared key.</summary>
    /// <exception cref="KeyNotFoundException">It was not declared, or was optional and not in the archive.</exception>
    public Parameter this[string name] =>
        _parameters.TryGetValue(name, out Parameter? parameter) ? parameter : throw new KeyNotFoundException($"weights: {name} is not loaded.");

    /// <summary>Binds the entries of an archive to declared parameters.</summary>
    /// <param name="device">Where the parameters are to live.</param>
    /// <param name="archive">The file or files; mappings stay valid after it is disposed.</param>
    /// <param name="map">Translates names of entries to declared keys.</param>
    /// <param name="declared">What the network has.</param>
    /// <param name="castTo">Type all parameters are converted to; null keeps what the file has, but for types no op reads (F64, integers), which become F32.</param>
    /// <param name="adapter">Changes to add to some of the weights, such as a LoRA; may be null.</param>
    /// <param name="cancellation">Stops between two tensors; nothing stays allocated.</param>
    /// <param name="widest">F32 and F64 weights become of this type; narrower ones stay as they are. Null changes nothing.</param>
    /// <param name="placement">Where each parameter lives, if not all on <paramref name="device"/>.</param>
    /// <exception cref="ModelFormatException">The adapter changes what the network does not have, or a tensor is of a type nothing is read from.</exception>
    /// <exception cref="WeightMismatchException">A tensor is missing, left over or of another shape; the message lists all of them.</exception>
    public static WeightSet Load(
        Device device,
        TensorArchive archive,
        KeyMap map,
        IReadOnlyList<ParameterSpec> declared,
        DType? castTo = null,
        LoraAdapter? adapter = null,
        CancellationToken cancellation = default,
        DType? widest = null,
        Func<ParameterSpec, Device>? placement = null)
    {
        Dictionary<string, TensorEntry> entries = WeightMatch.Bind(archive, map, declared);
        if (adapter?.Keys.FirstOrDefault(key => !entries.ContainsKey(key)) is string stray)
        {
            throw new ModelFormatException(adapter.Path, $"changes {Printable.Text(stray)}, which the network of {Printable.Text(archive.Path, int.MaxValue)} does not have", stray);
        }

        WeightSet set = new(device);
        try
        {
            foreach (ParameterSpec spec in declared)
            {
                cancellation.ThrowIfCancellationRequested();
                if (entries.TryGetValue(spec.Name, out TensorEntry? entry))
                {
                    set.Add(WeightReader.Read(placement?.Invoke(spec) ?? device, archive, entry, spec, castTo, widest, adapter));
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

    /// <summary>Allocates declared parameters, filled with zeros, for networks that are not read from a file.</summary>
    /// <param name="device">Where the parameters are to live.</param>
    /// <param name="declared">What the network has.</param>
    /// <param name="dtype">A float type.</param>
    public static WeightSet Create(Device device, IReadOnlyList<ParameterSpec> declared, DType dtype = DType.F32)
    {
        WeightSet set = new(device);
        try
        {
            foreach (ParameterSpec spec in declared)
            {
                Parameter parameter = Parameter.New(device, spec.Name, spec.Shape, dtype);
                parameter.Value.Clear();
                set.Add(parameter);
            }

            return set;
        }
        catch
        {
            set.Dispose();
            throw;
        }
    }

    /// <summary>Allocates parameters of the names, shapes and types of others; their contents are undefined.</summary>
    /// <param name="device">Where they are to live.</param>
    /// <param name="others">What they are like.</param>
    internal static WeightSet Like(Device device, IEnumerable<Parameter> others)
    {
        WeightSet set = new(device);
        try
        {
            foreach (Parameter other in others)
            {
                set.Add(Parameter.New(device, other.Name, other.Shape, other.Value.DType));
            }

            return set;
        }
        catch
        {
            set.Dispose();
            throw;
        }
    }

    /// <summary>Whether an optional parameter is there.</summary>
    public bool Contains(string name) => _parameters.ContainsKey(name);

    /// <inheritdoc/>
    public IEnumerator<Parameter> GetEnumerator() => _order.GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Releases every parameter and the mappings they look at.</summary>
    public void Dispose()
    {
        foreach (Parameter parameter in _order)
        {
            parameter.Dispose();
        }

        _order.Clear();
        _parameters.Clear();
    }

    private void Add(Parameter parameter)
    {
        _parameters.Add(parameter.Name, parameter);
        _order.Add(parameter);
    }
}
