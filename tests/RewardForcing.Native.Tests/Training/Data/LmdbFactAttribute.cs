using RewardForcing.Native.Formats;
using Xunit;

namespace RewardForcing.Native.Tests.Training;

/// <summary>A test that opens LMDB environments: skipped, and counted so, where the machine has no liblmdb.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LmdbFactAttribute : FactAttribute
{
    public LmdbFactAttribute() => Skip = LmdbLibrary.Location is null ? "absent: liblmdb" : null;
}
