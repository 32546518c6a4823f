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
    private readonly CpuDevice? _host;

    private WeightSet(Device device, CpuDevice? host = null) => (Device, _host) = (device, host);

    /// <summary>Where the parameters live, but for those that stay in host memory.</summary>
    public Device Device { get; }

    /// <summary>Number of parameter tensors.</summary>
    public int Count => _order.Count;

    /// <summary>Bytes of all parameters, those mapped or in host memory included.</summary>
    public long Bytes => _order.Sum(parameter => parameter.Value.Bytes);

    /// <summary>Lets all parameters be trained, or none.</summary>
    public void Train(bool trains) => _order.ForEach(parameter => parameter.Trainable = trains);

    /// <summary>The parameter of a declared key.</summary>
    /// <exception cref="KeyNotFoundException">It was not declared, or was optional and not in the archive.</exception>
    public Parameter this[string name] =>
        _parameters.TryGetValue(name, out Parameter? parameter) ? parameter : throw new KeyNotFoundException($"weights: {name} is not loaded.");

    /// <summary>Binds the entries of an archive to declared parameters.</summary>
    /// <param name="device">Where the parameters are to live.</param>
    /// <param name="archive">The file or files; mappings stay valid after it is disposed.</param>
    /// <param name="map">Translates names of entries to declared keys.</param>
    /// <param name="declared">What the network has.</param>
    /// <param name="rules">Types and places; null keeps what the file has, but for types no op reads (F64, integers), which become F32.</param>
    /// <param name="adapter">Changes to add to some of the weights, such as a LoRA; may be null.</param>
    /// <param name="staysOnHost">Which parameters stay in host memory where the device has memory of its own; null for none.</param>
    /// <param name="cancellation">Stops between two tensors; nothing stays allocated.</param>
    /// <exception cref="ModelFormatException">The adapter changes what the network does not have, or a tensor is of a type nothing is read from.</exception>
    /// <exception cref="WeightMismatchException">A tensor is missing, left over or of another shape; the message lists all of them.</exception>
    public static WeightSet Load(
        Device device,
        TensorArchive archive,
        KeyMap map,
        IReadOnlyList<ParameterSpec> declared,
        WeightRules? rules = null,
        LoraAdapter? adapter = null,
        Func<string, bool>? staysOnHost = null,
        CancellationToken cancellation = default)
    {
        Dictionary<string, TensorEntry> entries = WeightMatch.Bind(archive, map, declared);
        if (adapter?.Keys.FirstOrDefault(key => !entries.ContainsKey(key)) is string stray)
        {
            throw new ModelFormatException(adapter.Path, $"changes {Printable.Text(stray)}, which the network of {Printable.Text(archive.Path, int.MaxValue)} does not have", stray);
        }

        rules ??= new WeightRules();
        WeightSet set = new(device, device.IsHost ? null : new CpuDevice());
        try
        {
            foreach (ParameterSpec spec in declared)
            {
                cancellation.ThrowIfCancellationRequested();
                if (entries.TryGetValue(spec.Name, out TensorEntry? entry))
                {
                    Device host = set._host ?? device;
                    Device place = staysOnHost?.Invoke(spec.Name) == true ? host : device;
                    set.Add(WeightReader.Read(place, host, archive, entry, spec, rules, adapter));
                }
            }

            set._host?.TrimPool();
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

    /// <summary>Whether a pass records what the network makes of <paramref name="x"/>: it or one of the weights needs a gradient.</summary>
    internal bool Records(Pass pass, Tensor x) => pass.IsTraining && pass.Records([x, .. _order.Select(static parameter => parameter.Value)]);

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
        _host?.Dispose();
    }

    private void Add(Parameter parameter)
    {
        _parameters.Add(parameter.Name, parameter);
        _order.Add(parameter);
    }
}
