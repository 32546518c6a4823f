namespace RewardForcing.Native.TestProcess;

/// <summary>Stands in for ffmpeg: notes how it was called, and stores the raw frames it is fed as they are.</summary>
internal static class FakeFfmpeg
{
    /// <summary>Runs it.</summary>
    /// <param name="log">Where the arguments go, one a line.</param>
    /// <param name="encoders">Names it lists, with commas.</param>
    /// <param name="behaviour"><c>copy</c>, <c>noisy</c>, <c>empty</c>, <c>hang</c>, <c>die:BYTES</c> or <c>picture:FILE</c>.</param>
    /// <param name="arguments">As ffmpeg was given them.</param>
    public static int Run(string log, string encoders, string behaviour, string[] arguments)
    {
        if (arguments.Contains("-encoders"))
        {
            Console.WriteLine("Encoders:\n V..... = Video\n A..... = Audio\n ------");
            foreach (string name in encoders.Split(',', StringSplitOptions.RemoveEmptyEntries))
            {
                Console.WriteLine($" V....D {name,-20} An encoder called {name}");
            }

            Console.WriteLine(" A....D libx264              An audio encoder that has the name of a video encoder");
            return 0;
        }

        File.WriteAllLines(log, arguments);
        using Stream input = Console.OpenStandardInput();
        return behaviour.Split(':', 2) switch
        {
            ["picture", string file] => Print(file),
            ["die", string bytes] => Die(input, arguments, long.Parse(bytes)),
            ["hang"] => Hang(),
            ["empty"] => Copy(input, Stream.Null),
            ["noisy"] => Complain() + Copy(input, arguments),
            _ => Copy(input, arguments),
        };
    }

    private static int Copy(Stream input, string[] arguments)
    {
        using FileStream target = Target(arguments);
        return Copy(input, target);
    }

    private static int Copy(Stream input, Stream target)
    {
        input.CopyTo(target);
        return 0;
    }

    private static int Die(Stream input, string[] arguments, long bytes)
    {
        using FileStream target = Target(arguments);
        byte[] buffer = new byte[1];
        for (long i = 0; i < bytes && input.Read(buffer) > 0; i++)
        {
            target.Write(buffer);
        }

        Console.Error.WriteLine("an early line that is not worth quoting");
        Console.Error.WriteLine("[libx264] something went wrong\nError while encoding frame\nConversion failed!");
        return 3;
    }

    private static int Print(string file)
    {
        using Stream output = Console.OpenStandardOutput();
        output.Write(File.ReadAllBytes(file));
        return 0;
    }

    private static int Hang()
    {
        Thread.Sleep(Timeout.Infinite);
        return 0;
    }

    // More than a pipe holds: whoever does not read it waits forever.
    private static int Complain()
    {
        string line = new('x', 1000);
        for (int i = 0; i < 1000; i++)
        {
            Console.Error.WriteLine(line);
        }

        return 0;
    }

    private static FileStream Target(string[] arguments)
    {
        string target = arguments[^1]["file:".Length..];
        return new FileStream(target, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
    }
}
