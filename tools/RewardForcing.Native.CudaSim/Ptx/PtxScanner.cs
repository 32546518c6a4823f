using System.Globalization;

namespace RewardForcing.Native.CudaSim.Ptx;

/// <summary>Reads the words of a PTX text one by one and counts its lines.</summary>
internal sealed class PtxScanner(string module, string text)
{
    private int _position;
    private int _line = 1;

    /// <summary>Line of the next character, from 1.</summary>
    public int Line => _line;

    /// <summary>Where the next character is; with <see cref="Line"/>, a place to come back to.</summary>
    public int Position => _position;

    /// <summary>Comes back to a place.</summary>
    public void Seek(int position, int line) => (_position, _line) = (position, line);

    /// <summary>Text between two places, with runs of white space as one blank.</summary>
    public string Since(int position) => string.Join(' ', text[position.._position].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    /// <summary>Next character that is not white space or comment; 0 at the end.</summary>
    public char Peek()
    {
        SkipSpace();
        return _position < text.Length ? text[_position] : '\0';
    }

    /// <summary>Takes a character if it is the next.</summary>
    public bool TryTake(char c)
    {
        if (Peek() != c)
        {
            return false;
        }

        _position++;
        return true;
    }

    /// <summary>Takes a character that must be there.</summary>
    public void Expect(char c)
    {
        if (!TryTake(c))
        {
            throw Error($"'{c}' is expected, found '{Peek()}'");
        }
    }

    /// <summary>Takes a name: letters, digits, <c>_ $ %</c>.</summary>
    public string Name()
    {
        SkipSpace();
        int start = _position;
        while (_position < text.Length && (char.IsAsciiLetterOrDigit(text[_position]) || text[_position] is '_' or '$' or '%'))
        {
            _position++;
        }

        return _position > start ? text[start.._position] : throw Error($"a name is expected, found '{Peek()}'");
    }

    /// <summary>Takes a directive such as <c>.reg</c>, without its dot, if one is next.</summary>
    public string? TryDirective()
    {
        if (Peek() != '.')
        {
            return null;
        }

        _position++;
        return Name();
    }

    /// <summary>Takes an opcode with its modifiers.</summary>
    public string Opcode()
    {
        SkipSpace();
        int start = _position;
        while (_position < text.Length && (char.IsAsciiLetterOrDigit(text[_position]) || text[_position] is '_' or '.' or ':'))
        {
            _position++;
        }

        return _position > start ? text[start.._position] : throw Error($"an instruction is expected, found '{Peek()}'");
    }

    /// <summary>Whether a label stands next: a name and a single colon.</summary>
    public bool AtLabel()
    {
        SkipSpace();
        int i = _position;
        while (i < text.Length && (char.IsAsciiLetterOrDigit(text[i]) || text[i] is '_' or '$' or '%'))
        {
            i++;
        }

        if (i == _position || char.IsAsciiDigit(text[_position]))
        {
            return false;
        }

        while (i < text.Length && text[i] is ' ' or '\t')
        {
            i++;
        }

        return i < text.Length && text[i] == ':' && (i + 1 == text.Length || text[i + 1] != ':');
    }

    /// <summary>Takes the rest of the line.</summary>
    public string RestOfLine()
    {
        int end = text.IndexOf('\n', _position);
        end = end < 0 ? text.Length : end;
        string line = text[_position..end];
        _position = end;
        return line.Trim();
    }

    /// <summary>Takes everything up to a character, and the character.</summary>
    public string Until(char c)
    {
        int start = _position;
        while (_position < text.Length && text[_position] != c)
        {
            _line += text[_position++] == '\n' ? 1 : 0;
        }

        if (_position == text.Length)
        {
            throw Error($"'{c}' is missing");
        }

        return text[start.._position++].Trim();
    }

    /// <summary>Passes a block in braces whose opening brace is next.</summary>
    public void SkipBlock()
    {
        Expect('{');
        for (int depth = 1; depth > 0;)
        {
            char c = Peek();
            if (c == '\0')
            {
                throw Error("'}' is missing");
            }

            _position++;
            depth += c == '{' ? 1 : c == '}' ? -1 : 0;
        }
    }

    /// <summary>Takes a number: decimal, hexadecimal, octal, binary, <c>0f</c>, <c>0d</c> or a decimal fraction.</summary>
    public ulong Number(out bool isDouble)
    {
        bool negative = TryTake('-');
        SkipSpace();
        int start = _position;
        while (_position < text.Length && (char.IsAsciiLetterOrDigit(text[_position]) || text[_position] == '.' ||
            (text[_position] is '-' or '+' && text[_position - 1] is 'e' or 'E' && !text.AsSpan(start).StartsWith("0x"))))
        {
            _position++;
        }

        string word = text[start.._position];
        if (!TryNumber(word, out ulong bits, out isDouble))
        {
            throw Error($"'{word}' is not a number");
        }

        return !negative ? bits : isDouble ? bits ^ (1UL << 63) : word.StartsWith("0f", StringComparison.OrdinalIgnoreCase) ? bits ^ (1UL << 31) : 0 - bits;
    }

    /// <summary>An error at the current line.</summary>
    public PtxException Error(string what) => new($"{module}: PTX line {_line}: {what}.");

    private static bool TryNumber(string word, out ulong bits, out bool isDouble)
    {
        isDouble = false;
        string lower = word.ToLowerInvariant();
        if (lower.StartsWith("0f") || lower.StartsWith("0d"))
        {
            isDouble = lower[1] == 'd';
            return ulong.TryParse(lower.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out bits);
        }

        lower = lower.TrimEnd('u');
        if (lower.StartsWith("0x"))
        {
            return ulong.TryParse(lower.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out bits);
        }

        if (lower.StartsWith("0b"))
        {
            return ulong.TryParse(lower.AsSpan(2), NumberStyles.AllowBinarySpecifier, CultureInfo.InvariantCulture, out bits);
        }

        if (lower.Contains('.') || lower.Contains('e'))
        {
            isDouble = true;
            bool good = double.TryParse(lower, NumberStyles.Float, CultureInfo.InvariantCulture, out double value);
            bits = BitConverter.DoubleToUInt64Bits(value);
            return good;
        }

        if (lower.Length > 1 && lower[0] == '0' && lower.All(c => c is >= '0' and <= '7'))
        {
            bits = Convert.ToUInt64(lower, 8);
            return true;
        }

        return ulong.TryParse(lower, NumberStyles.None, CultureInfo.InvariantCulture, out bits);
    }

    private void SkipSpace()
    {
        while (_position < text.Length)
        {
            char c = text[_position];
            if (c == '/' && _position + 1 < text.Length && text[_position + 1] == '/')
            {
                int end = text.IndexOf('\n', _position);
                _position = end < 0 ? text.Length : end;
            }
            else if (c == '/' && _position + 1 < text.Length && text[_position + 1] == '*')
            {
                int end = text.IndexOf("*/", _position + 2, StringComparison.Ordinal);
                end = end < 0 ? text.Length : end + 2;
                _line += text.AsSpan(_position, end - _position).Count('\n');
                _position = end;
            }
            else if (char.IsWhiteSpace(c))
            {
                _line += c == '\n' ? 1 : 0;
                _position++;
            }
            else
            {
                return;
            }
        }
    }
}
