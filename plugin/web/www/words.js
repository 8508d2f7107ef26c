// What Antiphon is doing, and why; or, if that is nothing, what to do. The words are those of the plugin's window.

/** {kind, text, why} of what the duet shows; `controls` has the settings. */
export function words({ doing, nCall, answerBar: [bar, nBars] }, controls) {
  const isContinuing = controls.get('mode') === 1;
  const notes = nCall === 1 ? '1 note' : `${nCall} notes`;
  switch (doing) {
    case 'Asleep': return { kind: 'calm', text: 'Loading', why: 'Fetching the network: this takes a moment' };
    case 'Off': return { kind: 'calm', text: 'Off', why: 'I only listen; choose Answer or Continue to go on' };
    case 'Stuck': return { kind: 'wrong', text: 'Too much at once', why: 'The notes came faster than I can read. Pause for a moment, and I go on by myself' };
    case 'Listening': return { kind: 'listening', text: `Listening: ${notes}`, why: handOver(controls) };
    case 'Planning': return { kind: 'ready', text: nCall === 0 ? 'Ready to play' : `Ready: ${notes} heard`, why: handOver(controls) };
    case 'Answering': {
      const verb = isContinuing ? 'Continuing' : 'Answering';
      const text = nBars === 0 ? `${verb}: bar ${bar}` : `${verb}: bar ${Math.min(bar, nBars)} of ${nBars}`;
      return { kind: 'answering', text, why: controls.get('play_over') === 0 ? 'Play, and I stop' : 'Play over me if you like' };
    }
    default: return isContinuing
      ? { kind: 'calm', text: 'Your turn: play, or start', why: 'Start the song and I play by myself, or play a phrase and I go on with it' }
      : { kind: 'calm', text: 'Your turn: play a phrase', why: handOver(controls) };
  }
}

/** When the answer comes. */
function handOver(controls) {
  const ways = [];
  if (controls.get('hand_silence') === 1) ways.push(`after ${controls.text('silence')} of silence`);
  if (controls.get('hand_silence') === 2) ways.push(`after ${controls.text('silence_beats')} of silence`);
  if (controls.get('trade') > 0) ways.push(controls.text('trade').toLowerCase());
  if (controls.get('hand_key') >= 0) ways.push(`on the key ${controls.text('hand_key')}`);
  if (!ways.length) return 'I answer when you press Hand over';
  const start = controls.get('start') === 0 ? '' : `, from the ${controls.text('start').toLowerCase()}`;
  return `I answer ${ways.join(' or ')}${start}`;
}
