namespace RewardForcing.Native.Testing;

/// <summary>Finds the files the tests read.</summary>
public static class Fixtures
{
    /// <summary>The folder of all fixtures.</summary>
    public static string Root { get; } = Find();

    /// <summary>The full path of a fixture.</summary>
    /// <param name="relative">Below the root, with forward slashes.</param>
    public static string Path(string relative) => System.IO.Path.GetFullPath(System.IO.Path.Combine(Root, relative));

    private static string Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "RewardForcing.Native.sln")))
            {
                return System.IO.Path.Combine(folder.FullName, "tests", "fixtures");
            }
        }

        throw new DirectoryNotFoundException($"fixtures: no folder above {AppContext.BaseDirectory} holds RewardForcing.Native.sln.");
    }
}
