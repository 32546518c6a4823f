using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace RewardForcing.Native.Formats;

/// <summary>A running ffmpeg: bytes in through a pipe, bytes out through another, and the end of what it says about itself. Killed when disposed.</summary>
internal sealed class FfmpegProcess : IDisposable
{
    private const int TailBytes = 4096;
    private const int ShownLines = 3;
    private const int ShownCharacters = 400;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);
    private readonly Process _process;
    private readonly Task<byte[]> _output;
    private readonly Task<byte[]> _errors;

    private FfmpegProcess(Process process, long? maxOutput)
    {
        _process = process;

        // Both pipes are read all the time: a full one would stop the program. A stream is read by who asked for it.
        _output = maxOutput is long most ? Task.Run(() => ReadStart(process.StandardOutput.BaseStream, most)) : Task.FromResult<byte[]>([]);
        _errors = Task.Run(() => ReadTail(process.StandardError.BaseStream));
    }

    /// <summary>Where the program's input is written.</summary>
    public Stream Input => _process.StandardInput.BaseStream;

    /// <summary>What the program writes, for a program started with <see cref="StartStream"/>; whoever stops reading stops the program.</summary>
    public Stream Stream => _process.StandardOutput.BaseStream;

    /// <summary>Starts the program.</summary>
    /// <param name="program">Full path.</param>
    /// <param name="arguments">Passed as they are, without a shell.</param>
    /// <param name="maxOutput">Bytes of standard output that are kept; the rest is read and dropped.</param>
    /// <exception cref="IOException">It does not start.</exception>
    public static FfmpegProcess Start(string program, IEnumerable<string> arguments, long maxOutput = 0) => Launch(program, arguments, maxOutput);

    /// <summary>Starts the program for a caller who reads <see cref="Stream"/> to its end, or disposes.</summary>
    /// <param name="program">Full path.</param>
    /// <param name="arguments">Passed as they are, without a shell.</param>
    /// <exception cref="IOException">It does not start.</exception>
    public static FfmpegProcess StartStream(string program, IEnumerable<string> arguments) => Launch(program, arguments, null);

    /// <summary>Ends the input and waits for the program.</summary>
    /// <param name="limit">How long at most; then it is killed.</param>
    /// <returns>Its exit code; null if it had to be killed.</returns>
    public int? Finish(TimeSpan limit)
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has closed its end already; the exit code tells why.
        }

        if (_process.WaitForExit(limit))
        {
            return _process.ExitCode;
        }

        Kill();
        return null;
    }

    /// <summary>What it wrote to standard output; to be called after <see cref="Finish"/>.</summary>
    public byte[] Output() => _output.Wait(_patience) ? _output.Result : [];

    /// <summary>The last lines it wrote to standard error, for a message; to be called after <see cref="Finish"/>.</summary>
    public string LastWords()
    {
        // A grandchild may hold the pipe open; then there is nothing to quote.
        string text = _errors.Wait(_patience) ? Encoding.UTF8.GetString(_errors.Result) : string.Empty;
        string[] lines = text.Split(['\n', '\r'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines.Length == 0 ? "it gave no reason" : Printable.Text(string.Join("; ", lines.TakeLast(ShownLines)), ShownCharacters).TrimEnd('.');
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }

    private static FfmpegProcess Launch(string program, IEnumerable<string> arguments, long? maxOutput)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            CreateNoWindow = true,
        };
        try
        {
            return new FfmpegProcess(Process.Start(start)!, maxOutput);
        }
        catch (Win32Exception error)
        {
            throw new IOException($"{program} does not start: {error.Message.ReplaceLineEndings(" ").TrimEnd('.')}.", error);
        }
    }

    private void Kill()
    {
        try
        {
            if (!_process.HasExited)
            {
                _process.Kill(entireProcessTree: true);
                _process.WaitForExit(_patience);
            }
        }
        catch (Exception error) when (error is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It ended by itself in the meantime.
        }
    }

    private static byte[] ReadStart(Stream stream, long most)
    {
        using MemoryStream kept = new();
        byte[] buffer = new byte[1 << 16];
        try
        {
            for (int count = stream.Read(buffer); count > 0; count = stream.Read(buffer))
            {
                kept.Write(buffer, 0, (int)Math.Min(count, most - kept.Length));
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // The pipe went away with the program.
        }

        return kept.ToArray();
    }

    private static byte[] ReadTail(Stream stream)
    {
        byte[] buffer = new byte[2 * TailBytes];
        int used = 0;
        try
        {
            for (int count = stream.Read(buffer.AsSpan(used)); count > 0; count = stream.Read(buffer.AsSpan(used)))
            {
                used += count;
                if (used > TailBytes)
                {
                    buffer.AsSpan(used - TailBytes, TailBytes).CopyTo(buffer);
                    used = TailBytes;
                }
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // The pipe went away with the program.
        }

        return buffer[..used];
    }
}
