using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Generation;

/// <summary>Collects the prompts of a run from wherever they are given.</summary>
public static class PromptList
{
    /// <summary>Reads the prompts.</summary>
    /// <param name="options">Where they are.</param>
    /// <exception cref="ModelFormatException">A file cannot be read, or the numbers of prompts differ.</exception>
    /// <exception cref="ArgumentException">There is no prompt.</exception>
    public static IReadOnlyList<PromptLine> Read(GenerateOptions options)
    {
        if (options.Prompt is not null)
        {
            return [new PromptLine(0, options.Prompt, options.Prompt, options.ImagePath)];
        }

        string path = options.DataPath ?? throw new ArgumentException("There is no prompt; give one with --prompt TEXT, or a file of them with --data_path FILE.");
        if (options.IsImageDataset)
        {
            return ImageDataset.Read(path);
        }

        IReadOnlyList<string> names = PromptFile.Read(path);
        IReadOnlyList<string> texts = options.ExtendedPromptPath is { } extended ? PromptFile.Read(extended) : names;
        if (texts.Count != names.Count)
        {
            throw new ModelFormatException(options.ExtendedPromptPath!, $"has {texts.Count:N0} prompts, expected {names.Count:N0}, one for each of {path}");
        }

        return names.Count > 0 ? [.. names.Select((name, index) => new PromptLine(index, name, texts[index], options.ImagePath))]
            : throw new ModelFormatException(path, "holds no prompts, expected one a line");
    }
}
