using System.Globalization;
using MakeCheckpoint;

try
{
    foreach (string file in new CheckpointFolder(Request.Parse(args)).Write())
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{file}  {new FileInfo(file).Length:N0} bytes"));
    }

    return 0;
}
catch (ArgumentException error)
{
    Console.Error.WriteLine(error.Message);
    Console.Error.WriteLine(Request.Usage);
    return 2;
}
catch (Exception error) when (error is IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}
