using System.Runtime.InteropServices;

namespace RewardForcing.Native.Formats;

/// <summary>Writes a safetensors file of one F32 tensor whose values come bit by bit, in bounded memory. Disposed before <see cref="Complete"/>, it leaves nothing behind.</summary>
public sealed class SafetensorsAppender : IDisposable
{
    private readonly PartialFile _file;
    private readonly string _path;
    private readonly long _end;

    /// <summary>Starts a file.</summary>
    /// <param name="path">Target; an older file of that name stays until this one is whole.</param>
    /// <param name="name">Key of the tensor.</param>
    /// <param name="shape">Its extents, outermost first.</param>
    /// <param name="metadata">Text under <c>__metadata__</c>; may be null.</param>
    /// <exception cref="IOException">The target cannot be written.</exception>
    public SafetensorsAppender(string path, string name, long[] shape, IReadOnlyDictionary<string, string>? metadata = null)
    {
        WritableTensor tensor = new(name, ElementType.F32, shape, static _ => { });
        byte[] start = SafetensorsWriter.Start([tensor], metadata);
        _path = path;
        _end = start.Length + checked(tensor.Count * sizeof(float));
        _file = PartialFile.Create(path);
        _file.Stream.Write(start);
    }

    /// <summary>Adds values, row-major.</summary>
    /// <param name="values">The next ones.</param>
    public void Append(ReadOnlySpan<float> values) => _file.Stream.Write(MemoryMarshal.AsBytes(values));

    /// <summary>Gives the file its name.</summary>
    /// <exception cref="InvalidOperationException">More or fewer values came than the shape has.</exception>
    public void Complete()
    {
        if (_file.Stream.Position != _end)
        {
            throw new InvalidOperationException($"{_path}: expected {_end} bytes to be written, got {_file.Stream.Position}.");
        }

        _file.Commit();
    }

    /// <summary>Closes the file; without <see cref="Complete"/> nothing is left of it.</summary>
    public void Dispose() => _file.Dispose();
}
