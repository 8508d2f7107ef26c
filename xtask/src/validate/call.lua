ardour { ["type"] = "dsp", name = "Antiphon call", category = "Test", license = "MIT", author = "Antiphon" }

function dsp_ioconfig ()
	return { { midi_in = 1, midi_out = 1, audio_in = 0, audio_out = 0 } }
end

-- Sample of the song, and the three bytes of a MIDI message.
local events = { EVENTS }
local following = 1

function dsp_run (_, _, n_samples)
	if not Session:transport_rolling () then return end
	local start, n_out = Session:transport_sample (), 0
	while events[following] and events[following][1] < start + n_samples do
		local sample, status, key, velocity = table.unpack (events[following])
		n_out = n_out + 1
		midiout[n_out] = { time = math.max (sample - start, 0) + 1, data = { status, key, velocity } }
		following = following + 1
	end
end
