using System.Text.Json;

namespace RewardForcing.Native.Formats;

/// <summary>A value of a YAML document. Aliases share nodes, so the document may be larger than the file: <see cref="Size"/> says how large.</summary>
internal abstract class YamlNode
{
    /// <summary>Values it stands for, itself and shared ones included.</summary>
    public abstract long Size { get; }

    /// <summary>Writes it as JSON.</summary>
    public abstract void WriteTo(Utf8JsonWriter writer);

    /// <summary>A text, number, flag or nothing.</summary>
    internal sealed class Scalar(Action<Utf8JsonWriter> write) : YamlNode
    {
        public override long Size => 1;

        public override void WriteTo(Utf8JsonWriter writer) => write(writer);
    }

    /// <summary>Values in order.</summary>
    internal sealed class List(IReadOnlyList<YamlNode> items) : YamlNode
    {
        public IReadOnlyList<YamlNode> Items { get; } = items;

        public override long Size { get; } = 1 + items.Sum(static item => item.Size);

        public override void WriteTo(Utf8JsonWriter writer)
        {
            writer.WriteStartArray();
            foreach (YamlNode item in Items)
            {
                item.WriteTo(writer);
            }

            writer.WriteEndArray();
        }
    }

    /// <summary>Values by key, in the order of the file.</summary>
    internal sealed class Object(IReadOnlyList<KeyValuePair<string, YamlNode>> members) : YamlNode
    {
        public IReadOnlyList<KeyValuePair<string, YamlNode>> Members { get; } = members;

        public override long Size { get; } = 1 + members.Sum(static member => member.Value.Size);

        public override void WriteTo(Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            foreach ((string key, YamlNode value) in Members)
            {
                writer.WritePropertyName(key);
                value.WriteTo(writer);
            }

            writer.WriteEndObject();
        }
    }
}
