namespace RewardForcing.Native.Testing.Golden;

/// <summary>Runs reference cases that are no tensor files: pictures, and tables in JSON. Found by reflection; a kind is recognised by what lies beside the file and what is in it.</summary>
public abstract class FileRunner
{
    /// <summary>Whether the case is of this kind.</summary>
    /// <param name="path">The file.</param>
    public abstract bool Handles(string path);

    /// <summary>Computes the case and compares every result with its reference.</summary>
    /// <param name="path">The file.</param>
    public abstract IEnumerable<Comparison> Run(string path);
}
