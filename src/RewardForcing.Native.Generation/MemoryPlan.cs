using System.Globalization;
using System.Text.Json;

namespace RewardForcing.Native.Generation;

/// <summary>What a run takes of a device's memory, reckoned from sizes before anything is loaded: an upper bound for what the device's pool will count.</summary>
/// <param name="Phases">The times of the run, one after the other; each gives its memory back but for what the next one has too.</param>
/// <param name="FreeBytes">Memory of the device that was there to be taken; null where that is not known.</param>
public sealed record MemoryPlan(IReadOnlyList<MemoryPhase> Phases, long? FreeBytes)
{
    /// <summary>What the driver takes of the device for kernels and for itself, in bytes; the pool does not count it.</summary>
    public const long DriverBytes = 96L << 20;

    private const int OwnersNamed = 3;

    /// <summary>The phase that takes the most.</summary>
    public MemoryPhase Largest => Phases.MaxBy(static phase => phase.Bytes)!;

    /// <summary>The most the pool will have handed out at once.</summary>
    public long Bytes => Largest.Bytes;

    /// <summary>The most the run takes of the device.</summary>
    public long NeededBytes => Bytes + DriverBytes;

    /// <summary>Whether the device has that much; assumed where it is not known.</summary>
    public bool Fits => FreeBytes is null || NeededBytes <= FreeBytes;

    /// <summary>Needed and free memory and the largest owners, as part of a sentence.</summary>
    public string Summary
    {
        get
        {
            IEnumerable<string> owners = Largest.Owners.OrderByDescending(static owner => owner.Bytes).Take(OwnersNamed).Select(static owner => $"{owner.Name} {Size(owner.Bytes)}");
            return $"{Size(NeededBytes)} needed while {Largest.Name}, {(FreeBytes is { } free ? Size(free) : "an unknown size")} free; the largest: {string.Join(", ", owners)}";
        }
    }

    /// <summary>Bytes as a number of MiB or GiB.</summary>
    public static string Size(long bytes) => bytes < 1L << 30
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 20):F1} MiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 30):F2} GiB");

    /// <summary>The plan as lines of text: each phase, then its owners.</summary>
    public IEnumerable<string> Lines()
    {
        foreach (MemoryPhase phase in Phases)
        {
            yield return $"memory while {phase.Name}: at most {Size(phase.Bytes)}";
            foreach (MemoryOwner owner in phase.Owners)
            {
                yield return $"  {owner.Name}: {Size(owner.Bytes)}";
            }
        }

        yield return $"memory: {Size(NeededBytes)} needed with {Size(DriverBytes)} for the driver{(FreeBytes is { } free ? $", {Size(free)} free" : "")}";
    }

    /// <summary>Writes the plan as a JSON object; every name says what is counted and in which unit.</summary>
    internal void WriteJson(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteNumber("needed_bytes", NeededBytes);
        json.WriteNumber("pool_bytes", Bytes);
        if (FreeBytes is { } free)
        {
            json.WriteNumber("free_bytes", free);
        }

        json.WriteStartArray("phases");
        foreach (MemoryPhase phase in Phases)
        {
            json.WriteStartObject();
            json.WriteString("phase", phase.Name);
            json.WriteNumber("bytes", phase.Bytes);
            json.WriteStartObject("owners");
            foreach (MemoryOwner owner in phase.Owners)
            {
                json.WriteNumber(owner.Name, owner.Bytes);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
