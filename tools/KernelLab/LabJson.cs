using System.Text.Json;

namespace RewardForcing.Native.KernelLab;

/// <summary>Prints results for other programs.</summary>
internal static class LabJson
{
    private static readonly JsonSerializerOptions Options = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Writes an object to the standard output.</summary>
    public static void Write(object value) => Console.WriteLine(JsonSerializer.Serialize(value, Options));
}
