using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>
/// A checkpoint is a folder, <c>checkpoint_model_000600</c>: weights, average and optimiser of every network in training as safetensors, and <c>state.json</c>,
/// which names step, seed, configuration and all files with their hashes. It is made under another name and renamed when everything is on disk.
/// </summary>
/// <remarks>Spec: training 1.2.</remarks>
public sealed class TrainingCheckpoint
{
    /// <summary>Name of the sidecar.</summary>
    internal const string StateFile = "state.json";

    private const string Prefix = "checkpoint_model_";
    private const string Unfinished = ".part";
    private const string GradientPrefix = "gradient.";
    private const int Version = 1;
    private readonly JsonPart _state;

    private TrainingCheckpoint(string path, JsonPart state) => (Path, _state) = (path, state);

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>Optimiser steps made.</summary>
    public long Step => _state["step"].Whole(0);

    /// <summary>Seed of the run.</summary>
    public ulong Seed => ulong.Parse(_state["seed"].Text(), CultureInfo.InvariantCulture);

    /// <summary>The configuration's values.</summary>
    public IReadOnlyDictionary<string, string> Values => _state["config"].Members().ToDictionary(static member => member.Key, static member => member.Value.Text());

    /// <summary>Folders of checkpoints below a folder of logs, the oldest first; those that are not whole are left out.</summary>
    /// <param name="logdir">The folder of logs.</param>
    public static IReadOnlyList<string> Find(string logdir) => !Directory.Exists(logdir) ? [] :
    [
        .. Directory.EnumerateDirectories(logdir, Prefix + "*")
            .Where(static folder => !folder.EndsWith(Unfinished, StringComparison.Ordinal) && File.Exists(System.IO.Path.Combine(folder, StateFile)))
            .OrderBy(static folder => folder.Length).ThenBy(static folder => folder, StringComparer.Ordinal),
    ];

    /// <summary>Opens a checkpoint and checks that every file is as it was written.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="ModelFormatException">A file is missing or was changed; the message says how to go on.</exception>
    public static TrainingCheckpoint Open(string folder)
    {
        string file = System.IO.Path.Combine(folder, StateFile);
        if (!File.Exists(file))
        {
            throw new ModelFormatException(folder, $"is no checkpoint of training: it has no {StateFile}");
        }

        JsonPart state = JsonPart.ReadFile(file);
        if (state["format"].Whole() is int version && version != Version)
        {
            throw state["format"].Wrong($"{Version}, the format this program reads");
        }

        foreach ((string name, JsonPart listed) in state["files"].Members())
        {
            string path = System.IO.Path.Combine(folder, name);
            string? damage = !File.Exists(path) ? "is missing" : Hash(path) != listed.Text() ? "is not what was written" : null;
            if (damage is not null)
            {
                string? older = Find(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(folder))!).LastOrDefault(other => string.CompareOrdinal(System.IO.Path.GetFileName(other), System.IO.Path.GetFileName(folder.TrimEnd('/'))) < 0);
                throw new ModelFormatException(path, $"{damage}, so the checkpoint is damaged; {(older is null ? "there is no older one beside it" : $"go on from the one before with --resume {older}")}");
            }
        }

        return new TrainingCheckpoint(folder, state);
    }

    /// <summary>Writes a checkpoint: whole, or not there.</summary>
    /// <param name="logdir">The folder of logs.</param>
    /// <param name="trainer">What is trained.</param>
    /// <param name="settings">The run.</param>
    /// <param name="exportsPt">Whether <c>model.pt</c> in the reference's layout is written too.</param>
    /// <returns>The folder.</returns>
    /// <exception cref="IOException">It cannot be written; older checkpoints are as they were.</exception>
    public static string Write(string logdir, Trainer trainer, TrainingSettings settings, bool exportsPt)
    {
        string folder = System.IO.Path.Combine(logdir, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{trainer.Steps:D6}")), partial = folder + Unfinished;
        try
        {
            if (Directory.Exists(partial))
            {
                Directory.Delete(partial, true);
            }

            Directory.CreateDirectory(partial);
            JsonObject state = State(trainer, settings, WriteFiles(partial, trainer, exportsPt), partial);
            WholeFile.Write(System.IO.Path.Combine(partial, StateFile), stream => WriteState(stream, state));
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, true); // Of the same step, from a run that was resumed before it.
            }

            Directory.Move(partial, folder);
            return folder;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Remove(partial);
            string reason = error.Message.ReplaceLineEndings(" ").Replace(partial, folder, StringComparison.Ordinal).TrimEnd('.');
            throw new IOException($"{folder}: the checkpoint could not be written: {reason}. Nothing of it was left, and older checkpoints are as they were.", error);
        }
    }

    /// <summary>Removes the oldest checkpoints, and what a killed run left half written.</summary>
    /// <param name="logdir">The folder of logs.</param>
    /// <param name="keep">Checkpoints that stay.</param>
    public static void Prune(string logdir, int keep)
    {
        foreach (string partial in Directory.EnumerateDirectories(logdir, Prefix + "*" + Unfinished))
        {
            Remove(partial);
        }

        foreach (string old in Find(logdir).SkipLast(keep))
        {
            // Without the sidecar it is no checkpoint any more, should the rest be interrupted.
            File.Delete(System.IO.Path.Combine(old, StateFile));
            Remove(old);
        }
    }

    /// <summary>Gives networks, optimisers, averages and the trainer the state they had.</summary>
    /// <param name="trainer">Just made, from the same configuration.</param>
    /// <exception cref="ModelFormatException">The checkpoint is of another run.</exception>
    public void Restore(Trainer trainer)
    {
        trainer.LoadState(JsonNode.Parse(_state["trainer"].Value.GetRawText())!.AsObject(), Step);
        foreach (TrainedPart part in trainer.Parts)
        {
            TensorFile.Read(FileOf(part.Name), [.. part.Weights.Select(static parameter => (parameter.Name, parameter.Value))]);
            AllocateGradients(part);
            TensorFile.Read(FileOf(part.Name + "_optimizer"), [.. OptimizerTensors(part)]);
            part.Optimizer.Resume(_state["optimizer_steps"][part.Name].Whole(0));
            if (part.Average is { } average)
            {
                TensorFile.Read(FileOf(part.Name + "_ema"), [.. average.Averages.Select(static parameter => (parameter.Name, parameter.Value))]);
            }
        }
    }

    // The reference's loop adds gradients up over steps: what is under way is part of the state.
    private void AllocateGradients(TrainedPart part)
    {
        using TensorArchive archive = TensorArchive.Open(FileOf(part.Name + "_optimizer"));
        foreach (Parameter parameter in part.Weights.Where(parameter => archive.TryGet(GradientPrefix + parameter.Name, out _)))
        {
            using Pass pass = Pass.Inference(parameter.Value.Device);
            parameter.AccumulateGrad(pass.Zeros(parameter.Shape));
        }
    }

    private string FileOf(string name) => System.IO.Path.Combine(Path, name + ".safetensors");

    private static List<string> WriteFiles(string folder, Trainer trainer, bool exportsPt)
    {
        List<string> files = [];
        Dictionary<string, string> metadata = new() { ["format"] = "pt", ["step"] = trainer.Steps.ToString(CultureInfo.InvariantCulture) };
        void Put(string name, IEnumerable<(string, Tensor)> tensors)
        {
            files.Add(name + ".safetensors");
            TensorFile.Write(System.IO.Path.Combine(folder, files[^1]), tensors, metadata);
        }

        foreach (TrainedPart part in trainer.Parts)
        {
            Put(part.Name, part.Weights.Select(static parameter => (parameter.Name, parameter.Value)));
            Put(part.Name + "_optimizer", OptimizerTensors(part));
            if (part.Average is { } average)
            {
                Put(part.Name + "_ema", average.Averages.Select(static parameter => (parameter.Name, parameter.Value)));
            }
        }

        if (exportsPt)
        {
            files.Add(ReferenceExport.FileName);
            ReferenceExport.Write(System.IO.Path.Combine(folder, ReferenceExport.FileName), trainer.Parts);
        }

        files.AddRange(trainer.Export(folder));
        return files;
    }

    private static IEnumerable<(string Name, Tensor Value)> OptimizerTensors(TrainedPart part)
    {
        foreach (Parameter parameter in part.Weights.Where(static parameter => parameter.Trainable))
        {
            (Tensor? first, Tensor second, Tensor master) = part.Optimizer.StateOf(parameter);
            yield return ($"second_moment.{parameter.Name}", second);
            if (first is not null)
            {
                yield return ($"first_moment.{parameter.Name}", first);
            }

            if (master != parameter.Value)
            {
                yield return ($"master.{parameter.Name}", master);
            }

            if (parameter.Grad is { } gradient)
            {
                yield return (GradientPrefix + parameter.Name, gradient);
            }
        }
    }

    private static JsonObject State(Trainer trainer, TrainingSettings settings, List<string> files, string folder)
    {
        JsonObject own = [], hashes = [], config = [], steps = [];
        trainer.SaveState(own);
        files.ForEach(name => hashes[name] = Hash(System.IO.Path.Combine(folder, name)));
        foreach ((string key, string value) in settings.Values)
        {
            config[key] = value;
        }

        foreach (TrainedPart part in trainer.Parts)
        {
            steps[part.Name] = part.Optimizer.Steps;
        }

        return new JsonObject
        {
            ["format"] = Version,
            ["step"] = trainer.Steps,
            ["seed"] = settings.Seed.ToString(CultureInfo.InvariantCulture),
            ["config_hash"] = settings.Hash,
            ["optimizer_steps"] = steps,
            ["trainer"] = own,
            ["files"] = hashes,
            ["config"] = config,
        };
    }

    private static void WriteState(Stream stream, JsonObject state)
    {
        using Utf8JsonWriter writer = new(stream, new JsonWriterOptions { Indented = true });
        state.WriteTo(writer);
    }

    private static string Hash(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    private static void Remove(string folder)
    {
        try
        {
            Directory.Delete(folder, true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What is left has no sidecar, or not the name of a checkpoint; the next run tries again.
        }
    }
}
