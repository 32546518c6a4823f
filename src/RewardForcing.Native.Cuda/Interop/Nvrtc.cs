using System.Runtime.InteropServices;
using System.Text;

namespace RewardForcing.Native.Cuda.Interop;

/// <summary>NVRTC in this process: CUDA C++ to PTX and machine code. Needs no GPU and no files.</summary>
internal static unsafe partial class Nvrtc
{
    private const string Library = "nvrtc";

    /// <summary>Binds the library.</summary>
    /// <param name="library">Handle of the loaded library.</param>
    /// <returns>Its version, such as <c>12.4</c>.</returns>
    public static string Bind(nint library)
    {
        LoadedLibraries.Bind(Library, library);
        int major = 0;
        int minor = 0;
        Check(Version(&major, &minor), "nvrtcVersion");
        return $"{major}.{minor}";
    }

    /// <summary>Compiles one translation unit.</summary>
    /// <param name="name">Name used in messages and <c>.loc</c> lines.</param>
    /// <param name="text">Source.</param>
    /// <param name="headers">Text of every header by the spelling used to include it.</param>
    /// <param name="options">Options as on a command line.</param>
    /// <returns>Whether it compiled, PTX, machine code (empty for a <c>compute_</c> target) and the log.</returns>
    public static NvrtcOutput Compile(string name, string text, IReadOnlyDictionary<string, string> headers, IReadOnlyList<string> options)
    {
        List<nint> owned = [];
        nint program = 0;
        try
        {
            nint[] names = [.. headers.Keys.Select(key => Own(owned, key))];
            nint[] texts = [.. headers.Values.Select(value => Own(owned, value))];
            nint[] arguments = [.. options.Select(option => Own(owned, option))];
            fixed (nint* namesPointer = names)
            fixed (nint* textsPointer = texts)
            fixed (nint* argumentsPointer = arguments)
            {
                Check(
                    CreateProgram(&program, (byte*)Own(owned, text), (byte*)Own(owned, name), names.Length, (byte**)textsPointer, (byte**)namesPointer),
                    "nvrtcCreateProgram");
                NvrtcResult result = CompileProgram(program, arguments.Length, (byte**)argumentsPointer);
                string log = Text(program, &GetProgramLogSize, &GetProgramLog);
                if (result is NvrtcResult.Compilation or NvrtcResult.InvalidOption)
                {
                    return new NvrtcOutput(false, string.Empty, [], log);
                }

                Check(result, "nvrtcCompileProgram");
            }

            nuint cubinBytes = 0;
            Check(GetCubinSize(program, &cubinBytes), "nvrtcGetCUBINSize");
            byte[] cubin = new byte[cubinBytes];
            fixed (byte* target = cubin)
            {
                if (cubinBytes > 0)
                {
                    Check(GetCubin(program, target), "nvrtcGetCUBIN");
                }
            }

            return new NvrtcOutput(
                true, Text(program, &GetPtxSize, &GetPtx), cubin, Text(program, &GetProgramLogSize, &GetProgramLog));
        }
        finally
        {
            if (program != 0)
            {
                DestroyProgram(&program);
            }

            owned.ForEach(Marshal.FreeCoTaskMem);
        }
    }

    private static nint Own(List<nint> owned, string text)
    {
        nint pointer = Marshal.StringToCoTaskMemUTF8(text);
        owned.Add(pointer);
        return pointer;
    }

    private static string Text(
        nint program, delegate*<nint, nuint*, NvrtcResult> getSize, delegate*<nint, byte*, NvrtcResult> getText)
    {
        nuint size = 0;
        Check(getSize(program, &size), "nvrtc: size of an output");
        byte[] bytes = new byte[size];
        fixed (byte* target = bytes)
        {
            if (size > 0)
            {
                Check(getText(program, target), "nvrtc: an output");
            }
        }

        return Encoding.UTF8.GetString(bytes).TrimEnd('\0');
    }

    private static void Check(NvrtcResult result, string call)
    {
        if (result != NvrtcResult.Success)
        {
            throw new CudaException(call, result.ToString(), (int)result, Marshal.PtrToStringUTF8((nint)GetErrorString(result)), null, null);
        }
    }

    [LibraryImport(Library, EntryPoint = "nvrtcVersion")]
    private static partial NvrtcResult Version(int* major, int* minor);

    [LibraryImport(Library, EntryPoint = "nvrtcGetErrorString")]
    private static partial byte* GetErrorString(NvrtcResult result);

    [LibraryImport(Library, EntryPoint = "nvrtcCreateProgram")]
    private static partial NvrtcResult CreateProgram(nint* program, byte* text, byte* name, int headers, byte** headerTexts, byte** headerNames);

    [LibraryImport(Library, EntryPoint = "nvrtcDestroyProgram")]
    private static partial NvrtcResult DestroyProgram(nint* program);

    [LibraryImport(Library, EntryPoint = "nvrtcCompileProgram")]
    private static partial NvrtcResult CompileProgram(nint program, int count, byte** options);

    [LibraryImport(Library, EntryPoint = "nvrtcGetPTXSize")]
    private static partial NvrtcResult GetPtxSize(nint program, nuint* size);

    [LibraryImport(Library, EntryPoint = "nvrtcGetPTX")]
    private static partial NvrtcResult GetPtx(nint program, byte* text);

    [LibraryImport(Library, EntryPoint = "nvrtcGetCUBINSize")]
    private static partial NvrtcResult GetCubinSize(nint program, nuint* size);

    [LibraryImport(Library, EntryPoint = "nvrtcGetCUBIN")]
    private static partial NvrtcResult GetCubin(nint program, byte* code);

    [LibraryImport(Library, EntryPoint = "nvrtcGetProgramLogSize")]
    private static partial NvrtcResult GetProgramLogSize(nint program, nuint* size);

    [LibraryImport(Library, EntryPoint = "nvrtcGetProgramLog")]
    private static partial NvrtcResult GetProgramLog(nint program, byte* text);
}
