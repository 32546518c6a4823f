namespace RewardForcing.Native.Cuda;

/// <summary>
/// What <c>RF_DEBUG</c> asks for, to find the kernel that fails: <c>launch</c> tells of each launch, <c>sync</c> waits behind each, so that an error names
/// its kernel and not whoever waits next, <c>nan</c> stops behind the first result with a value that is not finite. Several are joined by commas.
/// </summary>
/// <remarks>Passes are not captured meanwhile, since what is in a graph cannot be waited for one by one. All but <c>launch</c> cost much time.</remarks>
public sealed class LaunchWatch
{
    private const string Launches = "launch";
    private const string Waits = "sync";
    private const string Results = "nan";

    private readonly Action<string> _tell;

    private LaunchWatch(string[] words, Action<string> tell)
    {
        _tell = tell;
        TellsLaunches = words.Contains(Launches);
        LooksAtResults = words.Contains(Results);
        WaitsForEach = words.Contains(Waits) || LooksAtResults;
    }

    /// <summary>Whether each launch is told of.</summary>
    public bool TellsLaunches { get; }

    /// <summary>Whether the host waits behind each launch.</summary>
    public bool WaitsForEach { get; }

    /// <summary>Whether results are looked at.</summary>
    public bool LooksAtResults { get; }

    /// <summary>Reads the setting.</summary>
    /// <param name="setting">Its text; null or empty for none.</param>
    /// <param name="tell">Takes a line for each launch.</param>
    /// <returns>Null where nothing is asked for.</returns>
    /// <exception cref="ArgumentException">A word is not known.</exception>
    public static LaunchWatch? Parse(string? setting, Action<string> tell)
    {
        string[] words = (setting ?? string.Empty).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string? unknown = words.FirstOrDefault(static word => word is not (Launches or Waits or Results));
        return unknown is not null ? throw new ArgumentException($"RF_DEBUG: expected {Launches}, {Waits} or {Results}, or several with commas, got {unknown}.")
            : words.Length > 0 ? new LaunchWatch(words, tell) : null;
    }

    /// <summary>Tells of a launch.</summary>
    internal void Tell(string line)
    {
        if (TellsLaunches)
        {
            _tell(line);
        }
    }
}
