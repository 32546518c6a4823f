namespace RewardForcing.Native.Testing;

/// <summary>Finds the files the tests read.</summary>
public static class Fixtures
{
    /// <summary>The folder of the repository; null where the program was taken out of it.</summary>
    public static string? Repository { get; } = Find();

    /// <summary>The folder of all fixtures.</summary>
    public static string Root => Repository is null
        ? throw new DirectoryNotFoundException($"fixtures: no folder above {AppContext.BaseDirectory} holds RewardForcing.Native.sln.")
        : System.IO.Path.Combine(Repository, "tests", "fixtures");

    /// <summary>The full path of a fixture.</summary>
    /// <param name="relative">Below the root, with forward slashes.</param>
    public static string Path(string relative) => System.IO.Path.GetFullPath(System.IO.Path.Combine(Root, relative));

    private static string? Find()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(System.IO.Path.Combine(folder.FullName, "RewardForcing.Native.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName;
    }
}
